"""Brings one app's database back to a restore point inside the running cluster; other apps notice nothing.

The cluster is restored beside, the app's database copied from there, the rows committed since are salvaged, and
two renames in one transaction exchange the databases. The damaged one is kept, closed, under another name.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql

from infra.commands import Say, command, run
from infra.database.archive import Archive
from infra.database.connection import Access, connected, ensure_database, has_row
from infra.database.markers import close_segment
from infra.database.names import app_names
from infra.database.points import read_point
from infra.database.restore_plan import plan_restore
from infra.database.salvage import Salvage, salvage
from infra.database.slots import Slot, drop_slot, slot_name
from infra.database.targets import Target
from infra.environment import Environment
from infra.local.postgres import Primary
from infra.local.postgres_binaries import postgres_command
from infra.local.postgres_scratch import scratch_cluster
from infra.local.postgres_settings import archive_of, superuser

_LONGEST_SECONDS = 4 * 3600.0


@dataclass(frozen=True)
class AppRestored:
    """`kept` is the damaged database's new name. `salvage` is None where it was done by a run before this one."""

    kept: str
    salvage: Salvage | None
    seconds: float
    closed_seconds: float


def restore_app(environment: Environment, app: str, point: str, slot: str, file: Path, say: Say) -> AppRestored:
    """Back to `point`, then forward with the rows that `slot` holds; `file` lists those that cannot come.

    Killed at any moment, it is run again: until the exchange nothing of the app's is lost, after it nothing is left
    to do. The slot is dropped at the end. Raises Rejected when the point cannot be reached or the slot is lost.
    """
    started = time.monotonic()
    primary = superuser(environment, Primary.name, environment.platform.postgres_port)
    work = _Exchange(primary, app_names(app).database, app_names(app).role, slot_name(slot)[-12:])
    if work.is_done():
        drop_slot(primary, slot)
        return AppRestored(work.kept, None, time.monotonic() - started, 0.0)
    archive = archive_of(environment)
    _copy(environment, archive, work, point, say)
    closed = _Clock()
    held = Slot(slot_name(slot), replace(primary, database=work.app), read_point(archive, point).lsn)
    found = salvage(held, work.restored_access.url, file, lambda: closed.start_with(work.close))
    work.exchange()
    drop_slot(primary, slot)
    say(f"{found.replayed} rows came along, {found.listed} are listed in {file}; the damaged data is in {work.kept}")
    say(f"nobody could reach the app's data for {closed.seconds:.1f} s")
    return AppRestored(work.kept, found, time.monotonic() - started, closed.seconds)


class _Clock:
    """How long the app's database has been closed."""

    def __init__(self) -> None:
        self._started = 0.0

    def start_with(self, act: Callable[[], None]) -> None:
        self._started = time.monotonic()
        act()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started


def _copy(environment: Environment, archive: Archive, work: _Exchange, point: str, say: Say) -> None:
    close_segment(work.primary, archive, f"{point}-reached"[:63])
    plan = plan_restore(archive, Target("point", point))
    work.make()
    with scratch_cluster(environment, archive, plan, say) as scratch:
        dump = scratch.cluster.folder.with_name("dump")
        _run(
            "pg_dump",
            replace(scratch.access, database=work.app),
            ("--format=directory", "--jobs=2", f"--file={dump}"),
            say,
        )
        _run("pg_restore", work.restored_access, ("--exit-on-error", "--jobs=2", dump), say)


def _run(program: str, access: Access, options: tuple[str | Path, ...], say: Say) -> None:
    where = (f"--host={access.host}", f"--port={access.port}", f"--username={access.user}", "--no-password")
    words = postgres_command(program, *where, f"--dbname={access.database}", *options)
    run(command(*words, variables={"PGPASSWORD": access.password}, timeout_seconds=_LONGEST_SECONDS), say=say)


@dataclass(frozen=True)
class _Exchange:
    """The app's database, the one that takes its place, and the name under which the damaged one is kept."""

    primary: Access
    app: str
    role: str
    mark: str

    @property
    def kept(self) -> str:
        return f"{self.app[:40]}_damaged_{self.mark}"

    @property
    def restored_access(self) -> Access:
        return replace(self.primary, database=f"{self.app[:40]}_restored_{self.mark}")

    def is_done(self) -> bool:
        with connected(self.primary) as connection:
            return has_row(connection, "SELECT 1 FROM pg_database WHERE datname = %s", self.kept)

    def make(self) -> None:
        """An empty one; what a killed run made goes."""
        name = self.restored_access.database
        with connected(self.primary) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            ensure_database(connection, name, self.role)

    def close(self) -> None:
        """From now on only we may enter the app's database, and whoever was inside is sent out."""
        with connected(self.primary) as connection:
            connection.execute(_limit(self.app, 0))
            self._send_out(connection)

    def exchange(self) -> None:
        """Both names at once, or none."""
        renamed = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        restored = self.restored_access.database
        with connected(self.primary) as connection:
            self._send_out(connection)
            with connection.transaction():
                connection.execute(renamed.format(sql.Identifier(self.app), sql.Identifier(self.kept)))
                connection.execute(renamed.format(sql.Identifier(restored), sql.Identifier(self.app)))

    def _send_out(self, connection: psycopg.Connection) -> None:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [self.app]
        )


def _limit(database: str, connections: int) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(sql.Identifier(database), sql.Literal(connections))
