"""How many rows each table has at one exact position of the log, counted on the standby so that nobody waits.

A standby replays one record after the other, so a snapshot taken while its position stands still is exactly what a
restore to that position must bring back, row for row. Nothing is paused: a killed census leaves no trace.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from infra.database.connection import Access, connected, one
from infra.database.revisions import MAINTENANCE, app_databases
from infra.errors import Rejected, Unknown

Counts = dict[str, dict[str, int]]
_PATIENCE_SECONDS = 30.0
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Census:
    """Rows by database and table at `lsn`."""

    lsn: str
    rows: Counts


def count_at_rest(standby: Access, at_least: str) -> Census:
    """A census at a position from `at_least` on. Raises Unknown when the standby does not rest for a moment."""
    names = app_databases(standby)
    with ExitStack() as stack:
        sessions = {name: stack.enter_context(connected(replace(standby, database=name))) for name in names}
        watch = stack.enter_context(connected(replace(standby, database=MAINTENANCE)))
        _wait_for(watch, at_least)
        lsn = _freeze(watch, sessions)
        return Census(lsn, {name: count_tables(session) for name, session in sessions.items()})


def count_rows(access: Access) -> Counts:
    """Rows by database and table, of a cluster that nobody else uses."""
    return {name: _count_in(replace(access, database=name)) for name in app_databases(access)}


def count_tables(session: psycopg.Connection, schemas: Collection[str] = ()) -> dict[str, int]:
    """Rows by table, of the named schemas or of all."""
    found = session.execute(_TABLES).fetchall()
    return {
        f"{schema}.{table}": _rows(session, schema, table)
        for schema, table in found
        if schema in (schemas or (schema,))
    }


def check_same(expected: Mapping[str, Mapping[str, int]], found: Mapping[str, Mapping[str, int]]) -> int:
    """How many rows were compared. Raises Rejected naming every table that has other rows than expected."""
    wrong = [
        f"{database}.{table} has {found.get(database, {}).get(table, 'no')} rows, {count} were there"
        for database, tables in expected.items()
        for table, count in tables.items()
        if found.get(database, {}).get(table) != count
    ]
    if wrong:
        raise Rejected(f"the restored data is not what was there: {'; '.join(wrong)}", "do not trust this backup")
    return sum(count for tables in expected.values() for count in tables.values())


def _wait_for(watch: psycopg.Connection, at_least: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not one(watch, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", at_least)[0]:
        if time.monotonic() > deadline:
            raise Unknown(f"the standby did not reach {at_least} within {_PATIENCE_SECONDS:g} s", "see its log")
        time.sleep(0.05)


def _freeze(watch: psycopg.Connection, sessions: Mapping[str, psycopg.Connection]) -> str:
    """Take a snapshot in every session while the position stands still; the position."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        (before,) = one(watch, "SELECT pg_last_wal_replay_lsn()::text")
        for session in sessions.values():
            session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            session.execute("SELECT 1")  # the first statement takes the snapshot
        (after,) = one(watch, "SELECT pg_last_wal_replay_lsn()::text")
        if before == after:
            return str(before)
        for session in sessions.values():
            session.execute("ROLLBACK")
    raise Unknown(f"the standby's position did not rest once in {_PATIENCE_SECONDS:g} s", "try at a quieter time")


def _count_in(access: Access) -> dict[str, int]:
    with connected(access) as session:
        return count_tables(session)


def _rows(session: psycopg.Connection, schema: str, table: str) -> int:
    question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
    return int(str(one(session, question)[0]))
