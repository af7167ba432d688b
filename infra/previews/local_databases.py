"""A database and a role for each preview in the local cluster: the role may enter its own database and no other."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from infra.database.connection import Access, connected, ensure_database, ensure_role, has_row
from infra.database.local import ONE_ENSURE
from infra.database.names import app_names
from infra.database.shared_roles import ensure_shared_roles, let_become_shared_roles
from infra.environment import Environment
from infra.files import write_atomically
from infra.local.postgres_settings import REPLICATION_ROLE, superuser
from infra.redaction import remember_secrets

# A role whose database is gone is what a close that was killed left.
_ALL = """
SELECT substr(datname, length(%(database)s) + 1), coalesce(shobj_description(oid, 'pg_database'), '')
FROM pg_database WHERE starts_with(datname, %(database)s)
UNION ALL
SELECT substr(rolname, length(%(role)s) + 1), '' FROM pg_roles WHERE starts_with(rolname, %(role)s)
"""


# The cluster's connections are also the live version's: a preview that leaks them runs out of its own.
MOST_CONNECTIONS: LiteralString = "CONNECTION LIMIT 20"


class LocalPreviewDatabases:
    """Of one app. `folder` keeps the password of each role, which only the machine's owner may read."""

    def __init__(self, environment: Environment, app: str, folder: Path) -> None:
        self._boss = superuser(environment, "postgres-primary", environment.platform.postgres_port)
        self._app, self._folder = app_names(app).database, folder

    def ensure(self, pull_request: int) -> str:
        """Make it where missing, and note in it that it is wanted now; its URL."""
        access = self._access(pull_request)
        with connected(self._boss) as connection:
            # Roles and databases are not made twice at once; the lock goes with the session.
            connection.execute("SELECT pg_advisory_lock(%s)", [ONE_ENSURE])
            ensure_shared_roles(connection)
            _keep_out(connection)
            ensure_role(connection, access.user, access.password, MOST_CONNECTIONS)
            let_become_shared_roles(connection, access.user)
            ensure_database(connection, access.database, access.user)
            _touch(connection, access.database)
        return access.url

    def drop(self, pull_request: int) -> bool:
        """With whoever is connected, and its role; False when there was neither."""
        database, role = self._name(pull_request), self._role(pull_request)
        with connected(self._boss) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s UNION SELECT 1 FROM pg_roles WHERE rolname = %s",
                [database, role],
            ).fetchone()
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
        self._password_file(pull_request).unlink(missing_ok=True)
        return found is not None

    def all(self) -> dict[int, float]:
        """Each pull request's number, and when its database was wanted last; 0 when that was never noted."""
        starts = {"database": self._name(""), "role": self._role("")}
        with connected(self._boss) as connection:
            rows = connection.execute(_ALL, starts).fetchall()
        found: dict[int, float] = {}
        for number, note in rows:
            if re.fullmatch(r"[1-9]\d{0,8}", str(number)):
                found[int(number)] = max(found.get(int(number), 0.0), _touched(str(note)))
        return found

    def _access(self, pull_request: int) -> Access:
        file = self._password_file(pull_request)
        if not file.exists():
            write_atomically(file, secrets.token_urlsafe(24))
        password = file.read_text().strip()
        remember_secrets([password])
        return Access(self._boss.name, self._boss.port, self._role(pull_request), password, self._name(pull_request))

    def _password_file(self, pull_request: int) -> Path:
        return self._folder / "passwords" / str(pull_request)

    def _name(self, pull_request: int | str) -> str:
        # An underscore is in no app's name, and what has one is in no app's list.
        return f"{self._app}_preview_{pull_request}"

    def _role(self, pull_request: int | str) -> str:
        return f"preview_{self._app.replace('-', '_')}_{pull_request}"


def _keep_out(connection: psycopg.Connection) -> None:
    """Of the databases that everybody may enter as Postgres makes them; who copies the cluster still may."""
    for name in ("postgres", "template1"):
        close = sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC")
        connection.execute(close.format(sql.Identifier(name)))
    if has_row(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", REPLICATION_ROLE):
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE postgres TO {}").format(sql.Identifier(REPLICATION_ROLE)))


def _touch(connection: psycopg.Connection, database: str) -> None:
    note = json.dumps({"preview_touched": time.time()})
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(note)))


def _touched(note: str) -> float:
    """0 for one whose making ended before the note: nobody can say that it is wanted."""
    found = re.search(r'"preview_touched": (\d+(?:\.\d+)?)', note)
    return float(found[1]) if found else 0.0
