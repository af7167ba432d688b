"""Questions about the data whose answer must be no row, asked in a transaction that can change nothing."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from infra.database.connection import Access, connected

NOT_YET = -1  # what it asks about does not exist


def broken_invariants(access: Access, invariants: Sequence[str]) -> dict[str, int]:
    """How many rows each finds; NOT_YET where a table, column or function it names does not exist.

    Raises Rejected with Postgres's words when one cannot be asked at all.
    """
    found = {}
    with connected(access) as connection:
        connection.execute("SET default_transaction_read_only = on")
        for invariant in invariants:
            found[invariant] = _rows(connection, invariant)
    return found


def _rows(connection: psycopg.Connection, invariant: str) -> int:
    question = invariant.strip().rstrip(";")
    try:
        # The app's own words, in a transaction that may not write.
        counted = connection.execute(sql.SQL(f"SELECT count(*) FROM ({question}\n) AS wrong")).fetchone()  # noqa: S608 # see above
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction):
        return NOT_YET
    return int(counted[0]) if counted else 0
