"""Runs the backfills that revisions left to be done: one short transaction for each batch, progress in the same one.

Whenever the process dies, the table says how far it came: what a batch changed and the note of it are kept together
or not at all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from migrations.backfill import Backfill, parse_backfill

Say = Callable[[str], None]
TARGET_SECONDS = 0.2  # how long a writer may have to wait for the rows of one batch
REST_SHARE = 0.25  # of each batch's time: room for the app, the standby and vacuum
LONGEST_HOLD_SECONDS = 600.0
SAY_EVERY_SECONDS = 0.5
_ATTEMPTS = 6
_PASSING = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class Stopped(Exception):
    """It stopped before the end; what was done is kept, and the next run goes on from there."""


@dataclass
class Unfinished:
    """One row of `pipeline_backfills`."""

    revision: str
    number: int
    statement: str
    last_key: str | None
    seen: int
    changed: int
    total: int


class Filler:
    """Works through all unfinished backfills. While the file `hold` exists, it waits; `parent` is who must live."""

    def __init__(self, connection: psycopg.Connection[Any], hold: Path, parent: int, say: Say) -> None:
        self._connection = connection
        self._hold = hold
        self._parent = parent
        self._say = say

    def finish_all(self) -> None:
        """Every unfinished backfill, oldest first, to its end. Raises Stopped, psycopg.Error."""
        with self._connection.cursor(row_factory=class_row(Unfinished)) as cursor:
            cursor.execute(
                "SELECT revision, number, statement, last_key, seen, changed, total FROM pipeline_backfills"
                " WHERE finished_at IS NULL ORDER BY queued_at, number"
            )
            found = cursor.fetchall()
        self._connection.rollback()
        for row in found:
            self._finish(row, parse_backfill(row.statement))

    def _finish(self, row: Unfinished, what: Backfill) -> None:
        kind = _key_type(self._connection, what)
        self._begin(row, what)
        size, said, began, first = what.batch, 0.0, time.monotonic(), row.seen
        while True:
            self._wait_for_leave()
            seen, seconds = self._batch(row, what, kind, size)
            size = _next_size(size, seconds, what.batch)
            if seen == 0:
                break
            if time.monotonic() - said > SAY_EVERY_SECONDS:
                said = time.monotonic()
                self._say(_bar(row, what, (row.seen - first) / (said - began)))
            time.sleep(seconds * REST_SHARE)
        self._end(row, what, time.monotonic() - began)

    def _begin(self, row: Unfinished, what: Backfill) -> None:
        with self._connection.transaction():
            row.total = max(row.total, _estimate(self._connection, what))
            self._write(row, "total = %s, started_at = coalesce(started_at, now())", row.total)
        words = f"goes on after key {row.last_key}" if row.last_key else "starts"
        self._say(f"backfill {what.table} of {row.revision} {words}: about {row.total} rows")

    def _batch(self, row: Unfinished, what: Backfill, kind: str, size: int) -> tuple[int, float]:
        for attempt in range(1, _ATTEMPTS + 1):
            started = time.monotonic()
            try:
                with self._connection.transaction():
                    return self._step(row, what, kind, size), time.monotonic() - started
            except _PASSING as error:
                if attempt == _ATTEMPTS:
                    raise
                self._say(f"backfill {what.table}: {type(error).__name__}, attempt {attempt} of {_ATTEMPTS}")
                time.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _step(self, row: Unfinished, what: Backfill, kind: str, size: int) -> int:
        low = f"{_literal(row.last_key)}::{kind}" if row.last_key is not None else ""
        high, seen = self._one(_up_to(what, low, size))
        if high is None:
            return 0
        changed = self._connection.execute(_as_written(what.between(low, f"{_literal(high)}::{kind}"))).rowcount
        self._write(row, "last_key = %s, seen = seen + %s, changed = changed + %s", high, seen, changed)
        row.last_key, row.seen, row.changed = high, row.seen + seen, row.changed + changed
        return int(seen)

    def _end(self, row: Unfinished, what: Backfill, seconds: float) -> None:
        with self._connection.transaction():
            (left,) = self._one(what.left_over)
            self._write(row, "finished_at = now(), left_over = %s, seconds = seconds + %s", left, seconds)
        rate = row.changed / seconds if seconds else 0
        self._say(f"backfill {what.table} of {row.revision} is done: {row.changed} rows changed, {rate:.0f} rows/s")
        if left:
            self._say(f"backfill {what.table}: {left} rows still meet its condition, written meanwhile")

    def _wait_for_leave(self) -> None:
        began, reason = time.monotonic(), ""
        while True:
            if os.getppid() != self._parent:
                raise Stopped("whoever started this is gone; what was filled is kept, repeat to go on")
            if not self._hold.exists():
                return
            if not reason:
                reason = _reason(self._hold)
                self._say(f"backfill waits: {reason}")
            if time.monotonic() - began > LONGEST_HOLD_SECONDS:
                raise Stopped(f"waited {LONGEST_HOLD_SECONDS:g} s: {reason}; what was filled is kept")
            time.sleep(0.1)

    def _one(self, question: str) -> tuple[Any, ...]:
        found = self._connection.execute(_as_written(question)).fetchone()
        assert found is not None, "an aggregate always has one row"
        return tuple(found)

    def _write(self, row: Unfinished, assignments: str, *values: object) -> None:
        statement = f"UPDATE pipeline_backfills SET {assignments} WHERE revision = %s AND number = %s"  # noqa: S608 # our own words
        self._connection.execute(_as_written(statement), (*values, row.revision, row.number))


def check_key(connection: psycopg.Connection[Any], what: Backfill) -> None:
    """Raises Stopped unless the key is unique and never null: without that, rows could be left out."""
    found = connection.execute(
        "SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = %s::regclass AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1"
        " AND i.indpred IS NULL AND i.indexprs IS NULL AND a.attnotnull AND a.attname = %s",
        (what.table, what.key),
    ).fetchone()
    if found is None:
        raise Stopped(
            f"backfill of {what.table}: {what.key} is no key: it needs a unique index of its own and NOT NULL"
        )


def _key_type(connection: psycopg.Connection[Any], what: Backfill) -> str:
    found = connection.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        (what.table, what.key),
    ).fetchone()
    connection.rollback()
    if found is None:
        raise Stopped(f"backfill of {what.table}: it has no column {what.key} any more")
    return str(found[0])


def _estimate(connection: psycopg.Connection[Any], what: Backfill) -> int:
    found = connection.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (what.table,)).fetchone()
    if found and found[0] >= 0:
        return int(found[0])
    counted = connection.execute(_as_written(f"SELECT count(*) FROM {what.table}")).fetchone()  # noqa: S608 # as above
    return int(counted[0]) if counted else 0


def _up_to(what: Backfill, low: str, size: int) -> str:
    over = f' WHERE "{what.key}" > {low}' if low else ""
    keys = f'SELECT "{what.key}" AS k FROM {what.table}{over} ORDER BY "{what.key}" LIMIT {size}'  # noqa: S608 # as above
    # Not max(): Postgres has none for uuid before version 18, and a text's order is its column's own.
    return f"SELECT (array_agg(k::text ORDER BY k DESC))[1], count(*) FROM ({keys}) AS keys"  # noqa: S608 # as above


def _next_size(size: int, seconds: float, most: int) -> int:
    if seconds > TARGET_SECONDS:
        return max(100, size // 2)
    return min(most, size * 2) if seconds < TARGET_SECONDS / 2 else size


def _bar(row: Unfinished, what: Backfill, rate: float) -> str:
    share = min(1.0, row.seen / row.total) if row.total else 1.0
    bar = "#" * round(20 * share)
    numbers = f"{row.seen} of about {row.total} rows, {rate:.0f} rows/s"
    return f"backfill {what.table} [{bar:-<20}] {100 * share:.0f} %, {numbers}"


def _reason(hold: Path) -> str:
    try:
        return hold.read_text()
    except FileNotFoundError:
        return "no longer"


def _literal(value: str) -> str:
    return sql.Literal(value).as_string()


def _as_written(text: str) -> sql.SQL:
    return sql.SQL(text)  # written by the revision's author, whose SQL runs here anyway
