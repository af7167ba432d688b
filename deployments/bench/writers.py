"""Writers that keep to a rate, count what failed, and remember each row whose write was acknowledged."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

import psycopg
from psycopg import sql

THREADS = 8
STATEMENT_TIMEOUT_MS = 3_000


@dataclass
class Writers:
    """`with Writers(url, table, rate) as load:`; half insert a row, half change one of the first `rows`.

    `column` makes them write as the new version does: they also fill that column of the rows they insert.
    """

    url: str
    table: str
    rate: float
    rows: int
    column: str = ""
    first_id: int = 1_000_000_000
    acknowledged: set[int] = field(default_factory=set)
    changes: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(THREADS)]

    def __enter__(self) -> Writers:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._seconds = time.monotonic() - self._began

    @property
    def achieved(self) -> float:
        """Acknowledged writes a second, over the whole time."""
        return (len(self.acknowledged) + self.changes) / self._seconds

    def lost(self) -> int:
        """How many acknowledged rows are not there, with the value that was written."""
        value = sql.Identifier(self.column) if self.column else sql.SQL("email")
        question = sql.SQL("SELECT count(*) FROM {} WHERE id = ANY (%s) AND {} LIKE 'w%%'")
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                question.format(sql.Identifier(self.table), value), [list(self.acknowledged)]
            ).fetchone()
        return len(self.acknowledged) - (int(found[0]) if found else 0)

    def _write(self, number: int) -> None:
        options = f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
        with psycopg.connect(self.url, autocommit=True, options=options) as connection:
            turn, pause = 0, THREADS / self.rate
            next_time = self._began + pause * number / THREADS
            while not self._over.wait(max(0.0, next_time - time.monotonic())):
                next_time += pause
                self._once(connection, number, turn)
                turn += 1

    def _once(self, connection: psycopg.Connection, number: int, turn: int) -> None:
        inserts = turn % 2 == 0
        row = self.first_id + turn * THREADS + number if inserts else 1 + (turn * 7919 + number) % self.rows
        started = time.monotonic()
        try:
            connection.execute(*(self._insert(row) if inserts else self._change(row)))
        except psycopg.Error as error:
            with self._lock:
                self.failures.append(f"{type(error).__name__}: {error}".strip())
            return
        with self._lock:
            self.slowest_ms = max(self.slowest_ms, 1000 * (time.monotonic() - started))
            self.changes += not inserts
            if inserts:
                self.acknowledged.add(row)

    def _insert(self, row: int) -> tuple[sql.Composed, list[object]]:
        names = ["id", "email", *([self.column] if self.column else [])]
        values: list[object] = [row, *(f"w{row}" for _ in names[1:])]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(names))
        return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(self.table), columns, marks), values

    def _change(self, row: int) -> tuple[sql.Composed, list[object]]:
        return sql.SQL("UPDATE {} SET seen = seen + 1 WHERE id = %s").format(sql.Identifier(self.table)), [row]
