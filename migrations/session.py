"""The database sessions in which revisions run: short waits for locks, and never two migrators at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

LOCK_TIMEOUT_MS = 3_000  # a waiting ALTER TABLE holds up every query behind it
STATEMENT_TIMEOUT_MS = 900_000
URL_VARIABLE = "PIPELINE_DATABASE_URL"
NAME = "pipeline-migrations"
_ONE_MIGRATOR = 7_164_019
_SETTINGS = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"


class AnotherMigrator(Exception):
    """Somebody else's session holds the lock; the text names it."""


@contextmanager
def migration_session() -> Iterator[Connection]:
    """A connection to PIPELINE_DATABASE_URL that holds the migrators' lock. Raises AnotherMigrator."""
    url = make_url(os.environ[URL_VARIABLE]).set(drivername="postgresql+psycopg")
    arguments = {"options": _SETTINGS, "connect_timeout": 5, "application_name": NAME}
    engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    with engine.connect() as connection:
        if not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (_ONE_MIGRATOR,)).scalar():
            raise AnotherMigrator(_holder(connection))
        connection.commit()
        yield connection


@contextmanager
def side_session() -> Iterator[psycopg.Connection]:
    """A second connection, for batches that each commit while the first one holds the lock."""
    with psycopg.connect(
        os.environ[URL_VARIABLE], options=_SETTINGS, connect_timeout=5, application_name=NAME
    ) as connection:
        yield connection


def _holder(connection: Connection) -> str:
    found = connection.exec_driver_sql(
        "SELECT format('session %%s, connected since %%s', pid, backend_start::timestamptz(0))"
        " FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'advisory' AND granted AND objid = %s AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
        (_ONE_MIGRATOR,),
    ).scalar()
    return str(found or "it has just finished")
