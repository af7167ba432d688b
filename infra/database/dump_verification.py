"""The proof that the newest dump is a backup: restored beside, every row counted again, and checked in every way."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup, list_backups
from infra.database.census import check_same, count_rows
from infra.database.dump_restore import Beside, restored_beside
from infra.database.older_backups import open_some
from infra.database.proof import Proof, Refutation, write_proof, write_refutation
from infra.database.revisions import all_revisions
from infra.database.soundness import check_invariants, check_sound
from infra.database.stored import check_objects, newest_backup
from infra.environment import Environment
from infra.errors import Rejected


class DumpVerification:
    """One run; `rpo_seconds` is what would be lost if the database were gone now, as whoever keeps it says.

    Raises Rejected naming the first thing that is wrong; only when nothing is, there is a proof.
    """

    def __init__(self, environment: Environment, archive: Archive, app: str, rpo_seconds: float, say: Say) -> None:
        self._environment = environment
        self._archive = archive
        self._app = app
        self._rpo_seconds = rpo_seconds
        self._say = say
        # Evidence is in the order of its names, from the moment on when its verification began.
        now = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
        self._id = f"{stamp}{int(now % 1 * 1000):03d}-{secrets.token_hex(3)}"

    def run(self, invariants: Mapping[str, Sequence[str]] | None = None) -> Proof:
        """The proof, kept; a no is kept too. `invariants` by app come on top of the environment's."""
        try:
            return self._prove({**self._environment.backups.invariants, **(invariants or {})})
        except Rejected as no:
            refutation = Refutation(self._id, time.time(), no.message.strip(), no.hint)
            self._say(f"refuted: {write_refutation(self._archive, refutation)}")
            raise

    def _prove(self, invariants: Mapping[str, Sequence[str]]) -> Proof:
        backup = newest_backup(self._archive, self._environment.gates.snapshot_max_age_hours)
        backups = list_backups(self._archive)
        self._say(f"{check_objects(self._archive, backups)} objects of {len(backups)} dumps are whole")
        with restored_beside(self._environment, self._archive, backup, self._app, self._say) as beside:
            proof = self._check(backup, beside, invariants)
        self._check_limits(proof)
        older = [one for one in backups if one.id != backup.id]
        found = open_some(self._archive, older)
        proof = replace(proof, others=len(older), opened=found.opened, damaged=found.damaged)
        self._say(f"the proof is {write_proof(self._archive, proof)}")
        return proof

    def _check(self, backup: Backup, beside: Beside, invariants: Mapping[str, Sequence[str]]) -> Proof:
        started = time.monotonic()
        rows = count_rows(beside.access)
        compared = check_same(beside.contents.rows, rows)
        held = check_invariants(beside.access, invariants, [self._app])
        revisions = all_revisions(beside.access)
        check_sound(beside.access, self._say)
        return Proof(
            id=self._id,
            time=time.time(),
            cluster=self._archive.cluster,
            server_version=backup.server_version,
            backup=backup.id,
            backup_time=backup.ended,
            lsn=backup.begin_lsn,
            segments=0,
            raw_bytes=backup.raw_bytes,
            fetch_seconds=beside.fetch_seconds,
            replay_seconds=beside.restore_seconds,
            check_seconds=time.monotonic() - started,
            rto_seconds=beside.fetch_seconds + beside.restore_seconds,
            rpo_seconds=self._rpo_seconds,
            rows=rows,
            compared_rows=compared,
            invariants=held,
            revisions=revisions,
        )

    def _check_limits(self, proof: Proof) -> None:
        limits = self._environment.backups
        for name, found, limit, fix in (
            ("RTO", proof.rto_seconds, limits.rto_max_seconds, "make it faster, or raise backups.rto_max_seconds"),
            ("RPO", proof.rpo_seconds, limits.rpo_max_seconds, "back up more often, or add PITR to the project"),
        ):
            if found > limit:
                raise Rejected(f"the restore works, but {name} is {found:.0f} s, over {limit:.0f} s", fix)
