"""The database of an environment on Supabase: one project, one app, reached straight through Postgres.

Supabase copies its files and log itself; what we keep beside are sealed dumps in our own object store.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

from psycopg import sql

from infra.database import DatabaseHealth, RestorePoint, Say, Snapshot
from infra.database.archive import Archive
from infra.database.catalog import Backup, list_backups, newest_backup
from infra.database.connection import Access, connected, one
from infra.database.dumps import dump
from infra.database.names import point_name, scratch_name, scratch_of
from infra.database.points import write_point
from infra.database.supabase_access import direct_access, supabase_archive, supabase_settings
from infra.database.supabase_api import SupabaseApi
from infra.database.supabase_records import HEALTHY
from infra.environment import Environment
from infra.errors import BadInput, Unreachable

_VITALS = """
SELECT current_setting('server_version'), (SELECT system_identifier::text FROM pg_control_system()),
    NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'
"""
_NOW = """
SELECT pg_current_wal_lsn()::text, extract(epoch FROM clock_timestamp())::float8,
    ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
"""
_WAIT = "SELECT pg_sleep(greatest(%s - extract(epoch FROM clock_timestamp()), 0)::float8)"


class SupabaseDatabase:
    """Works as the role of `supabase.database_url`, which owns the app's schemas."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._settings = supabase_settings(environment)

    def ensure(self, app: str) -> str:
        """The URL of the project's database, which is the app's, once it has let us in."""
        return self.url(app)

    def url(self, app: str) -> str:
        """The direct URL. Raises BadInput for an app that is not the project's."""
        check_app(self._environment, app)
        with connected(self._access):
            return self._access.url

    def scratch(self, app: str) -> str:
        """A new, empty database for tests beside the project's own; its URL."""
        check_app(self._environment, app)
        name = scratch_name(app)
        with connected(self._access) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return replace(self._access, database=name).url

    def drop_scratch(self, url: str) -> None:
        """Remove a scratch database. Refuses any other; harmless when it is gone."""
        name = scratch_of(url, self._access.port)
        with connected(self._access) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def health(self) -> DatabaseHealth:
        """Raises Unreachable when the project does not run or does not answer.

        Its standby is Supabase's own, out of sight. `unarchived_seconds` is what would be lost if the project were
        gone now: since the last second that it can be returned to, or else since our newest dump.
        """
        project = SupabaseApi(self._environment).project()
        if project.status != HEALTHY:
            raise Unreachable(f"Supabase project {project.ref} is {project.status}", "see its dashboard; wait for it")
        with connected(self._access) as connection:
            version, identifier, is_writable = one(connection, _VITALS)
        last, seconds = exposure(self._environment)
        return DatabaseHealth(
            is_writable=bool(is_writable),
            server_version=str(version),
            system_identifier=str(identifier),
            standby_connected=False,
            standby_lag_bytes=0,
            archive_failing=False,
            last_archived_wal=last,
            unarchived_seconds=seconds,
            has_standby=False,
        )

    def mark(self, name: str) -> RestorePoint:
        """Name this moment, and list it. Supabase returns to whole seconds: this waits for the next one to begin."""
        point_name(name)
        with connected(self._access) as connection:
            lsn, now, timeline = one(connection, _NOW)
            second = math.ceil(float(str(now)))
            one(connection, _WAIT, second)
        point = RestorePoint(name, str(lsn), float(second))
        write_point(self._archive, point, int(str(timeline)))
        return point

    def snapshot(self, name: str, say: Say) -> Snapshot:
        """A dump of `supabase.backup_schemas`, sealed in our own object store, with its rows counted."""
        point_name(name)
        app = app_of(self._environment)
        folder = self._environment.state / "dumps"
        return _measured(dump(self._archive, self._access, app, self._settings.backup_schemas, name, folder, say))

    def snapshots(self) -> list[Snapshot]:
        """Our own dumps, newest first."""
        return [_measured(backup) for backup in list_backups(self._archive)]

    @property
    def _access(self) -> Access:
        return direct_access(self._environment)

    @property
    def _archive(self) -> Archive:
        return supabase_archive(self._environment)


def app_of(environment: Environment) -> str:
    """The one app of the project. Raises BadInput where the environment names none."""
    if not environment.app.name:
        raise BadInput(
            f"{environment.name}.toml: app.name",
            "is missing: a Supabase project holds one app",
            'add [app] with name = "..."',
        )
    return environment.app.name


def check_app(environment: Environment, app: str) -> None:
    """Raises BadInput for any other app than the project's."""
    if app != app_of(environment):
        raise BadInput(
            "app", f"{app!r} has no database in {environment.name}", f"its project holds {environment.app.name!r}"
        )


def exposure(environment: Environment) -> tuple[str, float]:
    """The last moment that there is a copy of, in words, and how many seconds ago that was; endless for none."""
    kept = SupabaseApi(environment).backups()
    if kept.pitr_enabled and kept.physical.latest:
        return f"PITR to {kept.physical.latest}", max(0.0, time.time() - kept.physical.latest)
    newest = newest_backup(supabase_archive(environment))
    if newest is None:
        return "", math.inf
    return f"dump {newest.id}", max(0.0, time.time() - newest.begun)


def _measured(backup: Backup) -> Snapshot:
    return Snapshot(
        id=backup.id,
        bytes=backup.bytes,
        seconds=backup.seconds,
        begin_lsn=backup.begin_lsn,
        end_lsn=backup.end_lsn,
        time=backup.ended,
    )
