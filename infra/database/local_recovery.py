"""Recovery of a local environment: its one cluster, its standby and its archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from infra.database import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup, list_backups
from infra.database.connection import Access
from infra.database.names import app_names
from infra.database.points import KnownPoint, list_points
from infra.database.proof import Proof, newest_proof
from infra.database.recovery import Recovery
from infra.database.restore_plan import Plan, plan_restore
from infra.database.retention import Expired, expire, plan_expiry
from infra.database.revisions import all_revisions
from infra.database.slots import drop_slot, make_slot
from infra.database.supabase_recovery import SupabaseRecovery
from infra.database.targets import Target
from infra.database.verification import Verification
from infra.environment import Environment
from infra.local.alone import alone
from infra.local.postgres_app_restore import AppRestored, restore_app
from infra.local.postgres_promotion import Promotion, promote
from infra.local.postgres_restore import Restored, archive_all, restore_cluster
from infra.local.postgres_settings import archive_of, superuser
from infra.local.postgres_takeover import Takeover, finish_takeover


class LocalRecovery:
    """Raises Rejected for what is wrong with a backup, BadInput for a target that cannot be."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._primary = superuser(environment, "postgres-primary", environment.platform.postgres_port)

    def backups(self) -> list[Backup]:
        """The catalog, newest first."""
        return list_backups(self._archive)

    def points(self) -> list[KnownPoint]:
        """The restore points, newest first."""
        return list_points(self._archive)

    def newest_proof(self) -> Proof | None:
        """The newest signed evidence."""
        return newest_proof(self._archive)

    def revisions(self) -> dict[str, list[str]]:
        """Each app database with the schema revisions that it has now."""
        return all_revisions(self._primary)

    def verify(self, say: Say, invariants: Mapping[str, Sequence[str]] | None = None) -> Proof:
        """Restore the newest backup beside, check it, and keep the signed evidence."""
        return Verification(self._environment, say, invariants).run()

    def plan(self, target: Target, say: Say) -> Plan:
        """What a restore would do; touches no data, and has the log archived up to now."""
        archive_all(self._environment, self._archive, say)
        return plan_restore(self._archive, target)

    def restore(self, target: Target, say: Say) -> Restored:
        """A new cluster from the backups takes over port and role; the old one is kept aside.

        What a killed restore began is completed first, and then the target is gone to all the same.
        """
        self.finish(say)
        return restore_cluster(self._environment, self._archive, target, say)

    def restore_app(self, app: str, point: str, slot: str, file: Path, say: Say) -> AppRestored:
        """One app's database back to a restore point, and forward with the rows committed since."""
        self.finish(say)
        return restore_app(self._environment, app, point, slot, file, say)

    def promote_standby(self, say: Say) -> Promotion:
        """The standby becomes the primary, and a new standby is built; the old primary's data is kept aside."""
        self.finish(say)
        with self._platform():
            return promote(self._environment, say)

    def finish(self, say: Say) -> Takeover | None:
        """Complete what a killed restore or promotion began; None when there was nothing."""
        with self._platform():
            return finish_takeover(self._environment, say)

    def hold_log(self, app: str, slot: str) -> None:
        """From now on every row committed in the app's database can be read again; bounded by the primary's disk."""
        make_slot(superuser_of(self._environment, app), slot)

    def let_go_of_log(self, slot: str) -> None:
        """Drop a slot; harmless when it is gone."""
        drop_slot(self._primary, slot)

    def expire(self, days: float, say: Say) -> Expired:
        """Let go of what no moment of the last `days` needs."""
        what = plan_expiry(self._archive, days)
        expire(self._archive, what)
        say(f"{len(what.backups)} backups and {len(what.keys)} objects of {what.bytes} bytes went, {what.kept} stay")
        return what

    @property
    def _archive(self) -> Archive:
        return archive_of(self._environment)

    def _platform(self) -> AbstractContextManager[None]:
        return alone(self._environment.state / "platform.lock", "starting or stopping the platform")


def superuser_of(environment: Environment, app: str) -> Access:
    """The superuser's way into one app's database."""
    port = environment.platform.postgres_port
    return replace(superuser(environment, "postgres-primary", port), database=app_names(app).database)


def recovery_of(environment: Environment) -> Recovery:
    """What can be done with the backups of an environment, whoever keeps its database. Raises BadInput."""
    return LocalRecovery(environment) if environment.kind == "local" else SupabaseRecovery(environment)
