"""The database of a local environment: one cluster on this machine, with a standby and an archive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from infra.database import DatabaseHealth, RestorePoint, Say, Snapshot
from infra.database.archive import Archive
from infra.database.base_backup import back_up
from infra.database.catalog import Backup, list_backups
from infra.database.connection import Access, connected, ensure_database, ensure_role, has_row, one
from infra.database.log_segments import check_complete, numbered, segments_between
from infra.database.names import app_names, point_name, scratch_name, scratch_of
from infra.database.points import write_point
from infra.database.revisions import all_revisions
from infra.database.shared_roles import ensure_shared_roles, let_become_shared_roles
from infra.database.vitals import read_vitals
from infra.environment import Environment
from infra.errors import Rejected
from infra.local.credentials import app_password
from infra.local.postgres_settings import archive_of, replicator, superuser

_ONE_SNAPSHOT = 7_164_017  # the advisory lock of snapshots: two at once only slow each other
ONE_ENSURE = 7_164_018  # and of making roles and databases, which Postgres does not make twice at once
_PATIENCE_SECONDS = 60.0


class LocalDatabase:
    """Works as superuser on 127.0.0.1; an app gets a role and a database of its own and nothing else."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._access = superuser(environment, "postgres-primary", environment.platform.postgres_port)

    def ensure(self, app: str) -> str:
        """Make the app's role and database where missing; the URL `postgresql://role:password@host:port/name`."""
        names = app_names(app)
        access = self._app_access(app, names.database)
        with connected(self._access) as connection, _exclusive(connection, ONE_ENSURE, "making databases"):
            _make(connection, access)
        return access.url

    def url(self, app: str) -> str:
        """The URL of an app's database. Raises Rejected when there is none yet."""
        names = app_names(app)
        with connected(self._access) as connection:
            if not has_row(connection, "SELECT 1 FROM pg_database WHERE datname = %s", names.database):
                raise Rejected(f"app {app!r} has no database here yet", "its first release makes one")
        return self._app_access(app, names.database).url

    def scratch(self, app: str) -> str:
        """A new, empty database for tests beside the app's own; its URL."""
        access = self._app_access(app, scratch_name(app))
        with connected(self._access) as connection, _exclusive(connection, ONE_ENSURE, "making databases"):
            _make(connection, access)
        return access.url

    def drop_scratch(self, url: str) -> None:
        """Remove a scratch database. Refuses any other; harmless when it is gone."""
        name = scratch_of(url, self._access.port)
        with connected(self._access) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def health(self) -> DatabaseHealth:
        """Raises Unreachable when the primary does not answer."""
        with connected(self._access) as connection:
            return read_vitals(connection)

    def mark(self, name: str) -> RestorePoint:
        """Name this moment in the log, and list it. A name that is used again means the newest moment."""
        point_name(name)
        with connected(self._access) as connection:
            lsn, now, timeline = one(
                connection,
                "SELECT pg_create_restore_point(%s)::text, extract(epoch FROM clock_timestamp())::float8,"
                " ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int",
                name,
            )
        point = RestorePoint(name, str(lsn), float(str(now)))
        write_point(archive_of(self._environment), point, int(str(timeline)))
        return point

    def snapshot(self, name: str, say: Say) -> Snapshot:
        """A full copy to the object store, and proof that the log around it is archived too.

        Raises CommandFailed with pg_basebackup's words, Unreachable when the store falls silent, Rejected when
        another snapshot is being made.
        """
        point_name(name)
        archive = archive_of(self._environment)
        with connected(self._access) as connection, _exclusive(connection, _ONE_SNAPSHOT, "making a snapshot"):
            (version,) = one(connection, "SELECT current_setting('server_version')")
            role = replicator(self._environment, self._access.port)
            made = back_up(archive, role, name, str(version), all_revisions(self._access), say)
        _check_log(archive, made)
        return _measured(made)

    def snapshots(self) -> list[Snapshot]:
        """The full copies there are, newest first."""
        return [_measured(backup) for backup in list_backups(archive_of(self._environment))]

    def _app_access(self, app: str, database: str) -> Access:
        password = app_password(self._environment.state, app)
        return Access(self._access.name, self._access.port, app_names(app).role, password, database)


def _make(connection: psycopg.Connection, access: Access) -> None:
    ensure_shared_roles(connection)
    ensure_role(connection, access.user, access.password)
    let_become_shared_roles(connection, access.user)
    ensure_database(connection, access.database, access.user)


def _check_log(archive: Archive, made: Backup) -> None:
    first, last = (numbered(segment)[1] for segment in (made.begin_segment, made.end_segment))
    try:
        check_complete(segments_between(first, last, archive.way_to(made.timeline)), archive.log())
    except Rejected as error:
        raise Rejected(
            f"snapshot {made.id} cannot be restored: {error.message}",
            "see archive_failing in the database's health; was Postgres restarted since this version was installed?",
        ) from error


def _measured(backup: Backup) -> Snapshot:
    return Snapshot(
        id=backup.id,
        bytes=backup.bytes,
        seconds=backup.seconds,
        begin_lsn=backup.begin_lsn,
        end_lsn=backup.end_lsn,
        time=backup.ended,
    )


@contextmanager
def _exclusive(connection: psycopg.Connection, lock: int, what: str) -> Iterator[None]:
    """Held by this session, and released with it whatever happens. Raises Rejected when another keeps it too long."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not one(connection, "SELECT pg_try_advisory_lock(%s)", lock)[0]:
        if time.monotonic() > deadline:
            raise Rejected(f"somebody else has been {what} for {_PATIENCE_SECONDS:g} s", "let them finish, then repeat")
        time.sleep(0.1)
    yield
    connection.execute("SELECT pg_advisory_unlock(%s)", [lock])
