"""A data platform of its own to measure on and to break: object store, primary and standby in a temporary folder."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.connection import Access
from infra.database.local import LocalDatabase
from infra.database.local_recovery import LocalRecovery, superuser_of
from infra.environment import Environment, LocalPlatform
from infra.local.object_store import ObjectStore
from infra.local.postgres import Primary
from infra.local.postgres_settings import archive_of
from infra.local.postgres_standby import Standby
from infra.ports import free_port

APP = "measured-app"
ROW_BYTES = 1_000
_BATCH = 100_000


@dataclass(frozen=True)
class Ground:
    """What a measurement or a fault works on."""

    environment: Environment
    say: Say

    @property
    def database(self) -> LocalDatabase:
        """Its database."""
        return LocalDatabase(self.environment)

    @property
    def recovery(self) -> LocalRecovery:
        """What can be done with its backups."""
        return LocalRecovery(self.environment)

    @property
    def archive(self) -> Archive:
        """Its archive."""
        return archive_of(self.environment)

    @property
    def store(self) -> ObjectStore:
        """Its object store."""
        return ObjectStore(self.environment)

    @property
    def access(self) -> Access:
        """All rights in the app's database."""
        return superuser_of(self.environment, APP)

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """What the app's database answers."""
        with psycopg.connect(self.access.url, autocommit=True) as connection:
            cursor = connection.execute(question.encode())
            return cursor.fetchall() if cursor.description else []

    def fill(self, megabytes: float) -> None:
        """Let the app's table grow to a size; half of each row can be compressed, half cannot."""
        self.ask("CREATE TABLE IF NOT EXISTS filler (id bigserial PRIMARY KEY, words text, noise bytea)")
        wanted = int(megabytes * 1e6 / ROW_BYTES)
        while (missing := wanted - int(str(self.ask("SELECT count(*) FROM filler")[0][0]))) > 0:
            self.ask(
                "INSERT INTO filler (words, noise) SELECT repeat('guard on shift, ', 28), "  # noqa: S608 # a number
                "decode(string_agg(md5(random()::text), ''), 'hex') "
                f"FROM generate_series(1, {min(missing, _BATCH)}) AS row, generate_series(1, 28) GROUP BY row"
            )
        self.ask("VACUUM ANALYZE filler")


@contextmanager
def ground(say: Say) -> Iterator[Ground]:
    """Up while it is used; stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="backup-bench-"))
    ports = [free_port() for _ in range(8)]
    platform = LocalPlatform(
        edge_ports=(ports[0],),
        edge_admin_port=ports[1],
        postgres_port=ports[2],
        standby_port=ports[3],
        control_postgres_port=ports[4],
        object_store_port=ports[5],
        prefect_port=ports[6],
    )
    name = f"bench-{secrets.token_hex(3)}"
    environment = Environment(name=name, kind="local", state_folder=str(folder), platform=platform)
    services = (ObjectStore(environment), Primary(environment), Standby(environment))
    try:
        for service in services:
            service.up(say)
        LocalDatabase(environment).ensure(APP)
        yield Ground(environment, say)
    finally:
        for service in reversed(services):
            service.down(say)
        for left in (environment.state, folder):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Seconds under a name."""
    started = time.monotonic()
    yield
    into[name] = round(time.monotonic() - started, 2)
