"""Writers that live through the exchange of their database, and a ledger of what each acknowledged write has to be."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType

import psycopg

THREADS = 4
STATEMENT_TIMEOUT_MS = 5_000
FIRST_ROW = 1_000_000_000
FIRST_CLAIM = 2_000_000_000
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Judged:
    """What became of the rows in the ledger. `listed_rows` are in the file only; `lost` are in neither."""

    rows: int
    in_database: int
    listed_rows: int
    lost: tuple[int, ...]


@dataclass
class LedgerWriters:
    """`with LedgerWriters(url, rows, claims) as load:`. Of each 20 writes to `people`, 10 insert a row, 9 change a
    row of the first `rows`, 1 takes an address out of `claims` (row -> its address), which is refused while the row
    has it: only after that row was damaged can it be taken, and after the way back not again.
    """

    url: str
    rows: int
    claims: dict[int, str]
    rate: float = 200
    expected: dict[int, tuple[str, str]] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    longest_gap_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self._claims = list(self.claims.items())
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(THREADS)]

    def __enter__(self) -> LedgerWriters:
        self._last = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def judge(self, salvage: Iterable[str]) -> Judged:
        """Every row of the ledger against the database, and against the lines of the file of what could not come."""
        listed = {_told(json.loads(line)) for line in salvage}
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT id, email, seen::text FROM people WHERE id = ANY (%s)", [list(self.expected)]
            ).fetchall()
        there = {(row, column, value) for row, *values in found for column, value in zip(_COLUMNS, values, strict=True)}
        wanted = {(row, *value) for row, value in self.expected.items()}
        missing = wanted - there
        lost = sorted(row for row, column, value in missing if not any((row, column, value) in one for one in listed))
        return Judged(len(wanted), len(wanted - missing), len(missing) - len(lost), tuple(lost))

    def _write(self, number: int) -> None:
        turn = 0
        while not self._over.is_set():
            try:
                options = f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
                with psycopg.connect(self.url, autocommit=True, options=options, connect_timeout=2) as connection:
                    while not self._over.wait(THREADS / self.rate):
                        turn += 1
                        self._once(connection, number, turn)
            except psycopg.OperationalError:  # sent out, or not let in: the database is being exchanged
                with self._lock:
                    self.unanswered += 1
                self._over.wait(_PAUSE_SECONDS)

    def _once(self, connection: psycopg.Connection, number: int, turn: int) -> None:
        kind = turn % 20
        if kind == 0 and self._claims:
            self._claim(connection)
        elif kind % 2:
            row = FIRST_ROW + turn * THREADS + number
            connection.execute("INSERT INTO people (id, email) VALUES (%s, %s)", [row, f"w{row}"])
            self._keep(row, "email", f"w{row}")
        else:
            row = 1 + (turn * 7919 * THREADS + number) % self.rows
            row += (number - row) % THREADS  # a row belongs to one thread, so the last value is known
            if connection.execute("UPDATE people SET seen = %s WHERE id = %s", [turn, row]).rowcount:
                self._keep(row, "seen", str(turn))

    def _claim(self, connection: psycopg.Connection) -> None:
        with self._lock:
            row, email = self._claims.pop(0)
        try:
            connection.execute("INSERT INTO people (id, email) VALUES (%s, %s)", [FIRST_CLAIM + row, email])
        except psycopg.errors.UniqueViolation:
            with self._lock:
                self.refused += 1
                self._claims.append((row, email))
            return
        self._keep(FIRST_CLAIM + row, "email", email)

    def _keep(self, row: int, column: str, value: str) -> None:
        with self._lock:
            now = time.monotonic()
            self.longest_gap_seconds = max(self.longest_gap_seconds, now - self._last)
            self._last = now
            self.acknowledged += 1
            self.expected[row] = (column, value)


_COLUMNS = ("email", "seen")


def _told(entry: dict[str, dict[str, str]]) -> frozenset[tuple[int, str, str]]:
    new = entry["new"]
    return frozenset((int(new["id"]), column, new[column]) for column in _COLUMNS if column in new)
