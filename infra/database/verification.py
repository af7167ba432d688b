"""The proof that the newest backup is one: restored to an exact position, replayed, and checked in every way."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup, list_backups
from infra.database.census import Census, check_same, count_at_rest, count_rows
from infra.database.connection import connected
from infra.database.markers import archive_timeout, check_marker, close_segment, write_marker
from infra.database.older_backups import open_some
from infra.database.proof import Proof, Refutation, write_proof, write_refutation
from infra.database.restore_plan import plan_restore
from infra.database.revisions import all_revisions, app_databases
from infra.database.soundness import check_invariants, check_sound
from infra.database.stored import check_log, check_objects, newest_backup
from infra.database.targets import Target
from infra.database.vitals import read_vitals
from infra.environment import Environment
from infra.errors import Rejected
from infra.local.postgres_scratch import Recovered, scratch_cluster
from infra.local.postgres_settings import archive_of, superuser


class Verification:
    """One run; `invariants` by app come on top of the environment's.

    Raises Rejected naming the first thing that is wrong; only when nothing is, there is a proof.
    """

    def __init__(
        self, environment: Environment, say: Say, invariants: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        ports = environment.platform
        self._environment = environment
        self._say = say
        self._invariants = {**environment.backups.invariants, **(invariants or {})}
        self._archive: Archive = archive_of(environment)
        self._primary = superuser(environment, "postgres-primary", ports.postgres_port)
        self._standby = superuser(environment, "postgres-standby", ports.standby_port)
        # Evidence is in the order of its names: to the millisecond, so that a quick no and the next try differ.
        now = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
        self._id = f"{stamp}{int(now % 1 * 1000):03d}-{secrets.token_hex(3)}"

    def run(self) -> Proof:
        """The proof, kept; a no is kept too, so that an older proof opens no gate any more."""
        try:
            return self._prove()
        except Rejected as no:
            self._say(f"refuted: {write_refutation(self._archive, self._refutation(no))}")
            raise

    def _refutation(self, no: Rejected) -> Refutation:
        return Refutation(self._id, time.time(), no.message.strip(), no.hint)

    def _prove(self) -> Proof:
        newest_backup(self._archive, self._environment.gates.snapshot_max_age_hours)
        self._check_stored()
        marker = write_marker(self._primary, self._id)
        census = self._census(marker.lsn)
        archived_seconds = close_segment(self._primary, self._archive, f"proof-{self._id}")
        target = Target("position", census.lsn if census else marker.lsn)
        plan = plan_restore(self._archive, target)
        with scratch_cluster(self._environment, self._archive, plan, self._say) as restored:
            proof = self._check(restored, plan.backup, census, target, archived_seconds)
        proof = replace(proof, segments=len(plan.segments))
        self._check_limits(proof)
        older = [backup for backup in list_backups(self._archive) if backup.id != plan.backup.id]
        found = open_some(self._archive, older)
        proof = replace(proof, others=len(older), opened=found.opened, damaged=found.damaged)
        self._say(f"the proof is {write_proof(self._archive, proof)}")
        return proof

    def _check_stored(self) -> None:
        """What needs no restore, so that a missing segment is found before hours go into one."""
        with connected(self._primary) as connection:
            vitals = read_vitals(connection)
        backups = list_backups(self._archive)
        objects = check_objects(self._archive, backups)
        segments = check_log(self._archive, backups, vitals.last_archived_wal)
        self._say(f"{len(backups)} backups in {objects} objects are whole; {segments} segments of the log, no hole")

    def _census(self, at_least: str) -> Census | None:
        with connected(self._primary) as connection:
            follows = read_vitals(connection).standby_connected
        if not follows:
            self._say("no standby follows: rows are counted in the restored data, and compared with nothing")
            return None
        return count_at_rest(self._standby, at_least)

    def _check(
        self, restored: Recovered, backup: Backup, census: Census | None, target: Target, archived_seconds: float
    ) -> Proof:
        started = time.monotonic()
        access = restored.access
        check_marker(access, self._id)
        rows = count_rows(access)
        compared = check_same(census.rows, rows) if census else 0
        invariants = check_invariants(access, self._invariants, app_databases(access))
        revisions = all_revisions(access)
        check_sound(access, self._say)
        return Proof(
            id=self._id,
            time=time.time(),
            cluster=self._archive.cluster,
            server_version=backup.server_version,
            backup=backup.id,
            backup_time=backup.ended,
            lsn=target.value,
            segments=0,
            raw_bytes=backup.raw_bytes,
            fetch_seconds=restored.fetch_seconds,
            replay_seconds=restored.replay_seconds,
            check_seconds=time.monotonic() - started,
            rto_seconds=restored.fetch_seconds + restored.replay_seconds,
            rpo_seconds=archive_timeout(self._primary) + archived_seconds,
            rows=rows,
            compared_rows=compared,
            invariants=invariants,
            revisions=revisions,
        )

    def _check_limits(self, proof: Proof) -> None:
        limits = self._environment.backups
        for name, found, limit in (
            ("RTO", proof.rto_seconds, limits.rto_max_seconds),
            ("RPO", proof.rpo_seconds, limits.rpo_max_seconds),
        ):
            if found > limit:
                raise Rejected(f"the restore works, but {name} was {found:.0f} s, over {limit:.0f} s", "make it faster")
