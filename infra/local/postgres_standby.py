"""The standby: a live copy of the primary, built anew whenever it cannot follow any more."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import LiteralString

from infra.commands import command, run
from infra.database.connection import Access, connected, has_row, one
from infra.environment import Environment
from infra.errors import Rejected, Unreachable
from infra.files import write_atomically
from infra.local import Say, ServiceStatus
from infra.local.credentials import local_credentials
from infra.local.postgres_binaries import postgres_command
from infra.local.postgres_cluster import aside
from infra.local.postgres_protected import ProtectedPostgres
from infra.local.postgres_settings import (
    REPLICATION_ROLE,
    postgres_folder,
    superuser,
    system_identifier,
)
from infra.ports import LOOPBACK

SLOT = "standby"
_STREAMING_SECONDS = 20.0


class Standby(ProtectedPostgres):
    """Follows the primary through a replication slot, whose hold on the primary's disk is bounded."""

    name = "postgres-standby"

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment, "standby", environment.platform.standby_port)
        self._primary = superuser(environment, "postgres-primary", environment.platform.postgres_port)

    def up(self, say: Say) -> None:
        """Run until it follows the primary, which must be up. Built anew where that cannot be."""
        reason = self._unusable()
        if not reason:
            self.cluster.start(say)
            if self._follows_within(_STREAMING_SECONDS):
                return
            reason = f"it did not follow the primary within {_STREAMING_SECONDS:g} s: {self._bare.last_words()}"
        self._build(reason, say)
        self.cluster.start(say)
        if not self._follows_within(_STREAMING_SECONDS):
            raise Rejected(
                f"a newly built {self.name} does not follow the primary after {_STREAMING_SECONDS:g} s: "
                f"{self._bare.last_words()}",
                f"see {self._bare.place.log} and the primary's log",
            )

    def status(self) -> ServiceStatus:
        """Healthy means that it answers and follows; the detail tells how far behind it is."""
        found = self._bare.status(self._bare.access.port)
        if found.state != "healthy":
            return found
        if not self._follows():
            return ServiceStatus(found.name, "unhealthy", found.pid, found.port, "does not follow the primary")
        return ServiceStatus(found.name, "healthy", found.pid, found.port, f"{found.detail}, follows the primary")

    def _unusable(self) -> str:
        """Why the copy that is there cannot follow this primary; empty when it may."""
        folder = self._bare.folder
        if not self._bare.exists:
            return "there is none"
        if not (folder / "standby.signal").exists():
            return "it was promoted and has a history of its own"
        with connected(self._primary) as primary:
            (identity,) = one(primary, "SELECT system_identifier::text FROM pg_control_system()")
            is_held = "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND wal_status <> 'lost'"
            if not has_row(primary, is_held, SLOT):
                return "the primary no longer holds the log that it needs"
        return "" if system_identifier(folder) == identity else "it is a copy of another cluster"

    def _build(self, reason: str, say: Say) -> None:
        """A new copy beside, then renamed. What was promoted is kept aside: it may hold rows that nobody else has."""
        say(f"{self.name}: building it, for {reason}")
        self._bare.stop(say)
        self._renew_slot()
        beside = aside(self._bare.folder)
        run(command(*self._base_backup(beside), timeout_seconds=3600))
        if self._bare.exists and not (self._bare.folder / "standby.signal").exists():
            kept = self._bare.folder.with_name(f"standby.promoted-{int(time.time())}")
            self._bare.folder.rename(kept)
            say(f"{self.name}: the promoted copy is kept in {kept}")
        elif self._bare.folder.exists():
            shutil.rmtree(self._bare.folder)
        beside.rename(self._bare.folder)

    def _renew_slot(self) -> None:
        """A fresh slot that holds the log from now on, so that the copy made next finds all it needs."""
        with connected(self._primary) as primary:
            primary.execute(
                "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots"
                " WHERE slot_name = %s AND active",
                [SLOT],
            )
            primary.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [SLOT]
            )
            primary.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])

    def _base_backup(self, folder: Path) -> list[str]:
        # `-R` writes standby.signal and the connection into the copy; by naming a password file, not the password.
        target = (
            f"host={LOOPBACK} port={self._primary.port} user={REPLICATION_ROLE} "
            f"application_name={SLOT} passfile='{self._password_file()}'"
        )
        options = ("--write-recovery-conf", "--wal-method=stream", f"--slot={SLOT}", "--checkpoint=fast")
        return postgres_command("pg_basebackup", "-D", folder, "-d", target, *options)

    def _password_file(self) -> Path:
        path = postgres_folder(self._environment) / "replication.pgpass"
        password = local_credentials(self._environment.state).replication
        write_atomically(path, f"{LOOPBACK}:*:*:{REPLICATION_ROLE}:{password}\n")
        return path

    def _follows(self) -> bool:
        return _has(self._bare.access, "SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")

    def _has_caught_up(self) -> bool:
        caught_up = "SELECT 1 FROM pg_stat_replication WHERE application_name = 'standby' AND state = 'streaming'"
        return self._follows() and _has(self._primary, caught_up)

    def _follows_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self._has_caught_up():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def _has(access: Access, question: LiteralString) -> bool:
    try:
        with connected(access) as connection:
            return has_row(connection, question)
    except (Unreachable, Rejected):
        return False
