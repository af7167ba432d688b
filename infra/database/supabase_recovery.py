"""The ways back of an environment on Supabase: to a second where the project has PITR, else to our own dumps.

A restore to a second cannot be tried beside, so the evidence is always one of our own dumps, restored here.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.database import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup, find_backup, list_backups
from infra.database.connection import Access, connected, has_row
from infra.database.dump_verification import DumpVerification
from infra.database.dumps import fetch_dump, scratch_file
from infra.database.in_place import replace_schemas
from infra.database.points import KnownPoint, list_points, read_point
from infra.database.proof import Proof, newest_proof
from infra.database.retention import Expired, expire, plan_expiry
from infra.database.revisions import revisions
from infra.database.slots import drop_slot, make_slot
from infra.database.supabase import SupabaseDatabase, app_of, check_app, exposure
from infra.database.supabase_access import direct_access, supabase_archive, supabase_settings
from infra.database.supabase_api import SupabaseApi
from infra.database.supabase_salvage import bring_back
from infra.database.targets import Target
from infra.environment import Environment
from infra.errors import BadInput, Rejected
from infra.local.postgres_app_restore import AppRestored
from infra.local.postgres_promotion import Promotion
from infra.local.postgres_restore import Restored

_DAY_SECONDS = 86_400.0
_OUR_SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'release\\_%' AND NOT active"
_TABLES = "SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text = ANY (%s)"


@dataclass(frozen=True)
class SupabasePlan:
    """Either the whole project to a `second`, or the app's schemas out of a `dump`."""

    target: Target
    second: int | None
    dump: Backup | None
    schemas: tuple[str, ...]

    def lines(self) -> list[str]:
        """What a person wants to know before saying yes."""
        first = f"to {self.target}, after a dump of what there is now"
        if self.dump is None:
            return [first, f"the whole project goes back to second {self.second} and is closed meanwhile (PITR)"]
        return [
            first,
            f"schemas {', '.join(self.schemas)} come from dump {self.dump.id}, {self.dump.raw_bytes} bytes",
            "in one transaction; the other schemas (auth, storage) stay as they are",
        ]


class SupabaseRecovery:
    """Raises Rejected for what is wrong with a backup, BadInput for a target that cannot be."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._settings = supabase_settings(environment)

    def backups(self) -> list[Backup]:
        """Our own dumps, newest first."""
        return list_backups(self._archive)

    def points(self) -> list[KnownPoint]:
        """The restore points, newest first; each a whole second."""
        return list_points(self._archive)

    def newest_proof(self) -> Proof | None:
        """The newest signed evidence."""
        return newest_proof(self._archive)

    def revisions(self) -> dict[str, list[str]]:
        """The app with its schema revisions; nothing while its schemas hold no table."""
        with connected(self._access) as connection:
            if not has_row(connection, _TABLES, list(self._settings.app_schemas)):
                return {}
        return {app_of(self._environment): revisions(self._access, self._access.database)}

    def verify(self, say: Say, invariants: Mapping[str, Sequence[str]] | None = None) -> Proof:
        """Restore the newest dump here, check it, and keep the signed evidence.

        The RPO in it is PITR's where the project has that, else the longest time of the last day without a dump.
        """
        backups = SupabaseApi(self._environment).backups()
        with_pitr = backups.pitr_enabled and backups.physical.latest is not None
        rpo = exposure(self._environment)[1] if with_pitr else longest_gap(self.backups(), time.time())
        app = app_of(self._environment)
        return DumpVerification(self._environment, self._archive, app, rpo, say).run(invariants)

    def plan(self, target: Target, say: Say) -> SupabasePlan:
        """What a restore would do; touches nothing."""
        second = self._second(target)
        if second is not None and SupabaseApi(self._environment).backups().reaches(second):
            return SupabasePlan(target, second, None, ())
        return SupabasePlan(target, None, self._dump(target), self._settings.app_schemas)

    def restore(self, target: Target, say: Say) -> Restored:
        """In place, after a dump of what there is: that is what is kept. May be run again after any death."""
        plan = self.plan(target, say)
        kept = SupabaseDatabase(self._environment).snapshot("before-restore", say)
        started = time.monotonic()
        if plan.second is not None:
            self._drop_slots(say)
            closed = SupabaseApi(self._environment).restore_to(plan.second, say)
            return Restored(str(target), "PITR", 0, f"dump {kept.id}", closed, closed)
        assert plan.dump is not None
        with scratch_file(self._environment.state / "dumps") as file:
            fetch_dump(self._archive, plan.dump, file)
            began = time.monotonic()
            replace_schemas(self._access, file, plan.schemas, say)
        ended = time.monotonic()
        return Restored(str(target), plan.dump.id, 0, f"dump {kept.id}", ended - started, ended - began)

    def restore_app(self, app: str, point: str, slot: str, file: Path, say: Say) -> AppRestored:
        """The app's schemas as in the dump of the point's name, and forward with the rows committed since."""
        check_app(self._environment, app)
        backup = find_backup(self._archive, point)
        return bring_back(self._environment, self._archive, self._access, backup, slot, file, say)

    def promote_standby(self, say: Say) -> Promotion:
        """Raises BadInput: Supabase's standby is its own."""
        raise BadInput(
            "environment", f"{self._environment.name!r} has no standby of ours", "Supabase fails over itself"
        )

    def hold_log(self, app: str, slot: str) -> None:
        """From now on every row committed can be read again; bounded by the project's max_slot_wal_keep_size."""
        check_app(self._environment, app)
        make_slot(self._access, slot)

    def let_go_of_log(self, slot: str) -> None:
        """Drop a slot; harmless when it is gone."""
        drop_slot(self._access, slot)

    def expire(self, days: float, say: Say) -> Expired:
        """Let go of dumps that no moment of the last `days` needs."""
        what = plan_expiry(self._archive, days)
        expire(self._archive, what)
        say(f"{len(what.backups)} dumps and {len(what.keys)} objects of {what.bytes} bytes went, {what.kept} stay")
        return what

    def _drop_slots(self, say: Say) -> None:
        """Supabase asks for it before a restore; what our slots held lies beyond the target anyway."""
        with connected(self._access) as connection:
            found = connection.execute(_OUR_SLOTS).fetchall()
        for (name,) in found:
            drop_slot(self._access, str(name))
            say(f"slot {name} is dropped: no slot may be there during a restore")

    def _second(self, target: Target) -> int | None:
        """The second that a target means; None for one that is a dump."""
        if target.kind == "time":
            return int(target.time)
        if target.kind == "point":
            return int(read_point(self._archive, target.value).time)
        if target.kind == "latest":
            return SupabaseApi(self._environment).backups().physical.latest
        return None

    def _dump(self, target: Target) -> Backup:
        """The dump that a target means where there is no PITR: by its name or id, or the last one before a time."""
        if target.kind in ("snapshot", "point"):
            return find_backup(self._archive, target.value)
        if target.kind not in ("time", "latest"):
            raise BadInput("target", f"{target} cannot be reached at Supabase", "give a time, a point or a snapshot")
        limit = target.time if target.kind == "time" else time.time()
        found = next((backup for backup in self.backups() if backup.begun <= limit), None)
        if found is None:
            raise Rejected(f"no dump reaches {target}, and the project has no PITR for it", "see `pipeline backups`")
        if target.kind == "time":
            raise Rejected(
                f"without PITR no dump is of {target} exactly; the last one before it is {found.id},"
                f" {limit - found.begun:.0f} s earlier",
                f"if that will do: --to-snapshot {found.id}",
            )
        return found

    @property
    def _access(self) -> Access:
        return direct_access(self._environment)

    @property
    def _archive(self) -> Archive:
        return supabase_archive(self._environment)


def longest_gap(dumps: Sequence[Backup], now: float) -> float:
    """The longest time within the last day that was without a dump, in seconds: what a loss then would have cost."""
    begun = [min(now, backup.begun) for backup in dumps if backup.begun > now - _DAY_SECONDS]
    older = max((backup.begun for backup in dumps if backup.begun <= now - _DAY_SECONDS), default=None)
    # Before its first dump a project had nothing to lose that a proof could speak of.
    moments = sorted([*begun, now] if older is None else [older, *begun, now])
    return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=_DAY_SECONDS)
