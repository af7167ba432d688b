"""A pool of Postgres connections that survives the server going away for a moment."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from app.patience import patiently

# A server that is starting, stopping or a standby not yet promoted: another one will answer soon.
PASSING = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.QueryCanceled)
ANSWER_SECONDS = 2.5
HEALTH_SECONDS = 0.5
# What bounds one try: waiting for a connection, a statement, and a server that went silent.
CONNECTION_SECONDS = 1.0
STATEMENT_MS = 1500
SILENCE_MS = 2000


class Database:
    """Runs one statement at a time; every write is in its own transaction."""

    def __init__(self, url: str) -> None:
        self._pool = AsyncConnectionPool(
            url,
            min_size=2,
            max_size=8,
            open=False,
            timeout=CONNECTION_SECONDS,
            # The pool's own retries back off for minutes; `patiently` asks again much sooner.
            reconnect_timeout=0.0,
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,
                "connect_timeout": 2,
                "options": f"-c statement_timeout={STATEMENT_MS}",
                "tcp_user_timeout": SILENCE_MS,
            },
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    async def rows(self, statement: LiteralString, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        return await patiently(lambda: self._read(statement, values), passing=PASSING, seconds=ANSWER_SECONDS)

    async def write(self, statement: LiteralString, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        """As `rows`, returning only after COMMIT. The statement must be one that may run twice."""
        return await patiently(
            lambda: self._commit(statement, values), passing=PASSING, seconds=ANSWER_SECONDS
        )

    async def answers(self, statement: LiteralString) -> list[dict[str, Any]]:
        """As `rows`, but gives up soon: a health check wants to know how it is now."""
        return await patiently(lambda: self._read(statement, ()), passing=PASSING, seconds=HEALTH_SECONDS)

    async def _read(self, statement: LiteralString, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def _commit(self, statement: LiteralString, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection, connection.transaction():
            return await (await connection.execute(statement, values)).fetchall()
