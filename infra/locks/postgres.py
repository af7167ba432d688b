"""The lock of an environment whose workers run on several machines: a row in the environment's own database.

The row carries a pulse, by the database's clock. A holder on this machine is asked of the kernel all the same; one on
another is dead when its pulse stopped for `dead_after_seconds`. One that only lost its way to the database, or was
stopped, finds before its next act that the lock changed hands: generations only grow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from infra.database.connection import Access, connected, has_row
from infra.errors import PipelineError, Unknown, Unreachable
from infra.locks import Holder, Lock, busy, is_process_alive, this_machine
from infra.locks.pulse import keep_pulse, stop_pulse

_MAKE = """
CREATE SCHEMA IF NOT EXISTS release_pipeline;
CREATE TABLE IF NOT EXISTS release_pipeline.environment_lock (
    environment text PRIMARY KEY, generation bigint NOT NULL, holder jsonb NOT NULL, is_held boolean NOT NULL,
    pulse timestamptz NOT NULL)
"""
_READ = """
SELECT generation, holder, is_held, extract(epoch FROM clock_timestamp() - pulse)::float8
FROM release_pipeline.environment_lock WHERE environment = %s
"""
_WRITE = """
INSERT INTO release_pipeline.environment_lock VALUES (%s, %s, %s, true, clock_timestamp())
ON CONFLICT (environment) DO UPDATE
SET generation = excluded.generation, holder = excluded.holder, is_held = true, pulse = excluded.pulse
"""
_FREE = "UPDATE release_pipeline.environment_lock SET is_held = false WHERE environment = %s AND generation = %s"
_BEAT = """
UPDATE release_pipeline.environment_lock SET pulse = clock_timestamp()
WHERE environment = %s AND generation = %s AND is_held
"""
_EXISTS = "SELECT 1 WHERE to_regclass('release_pipeline.environment_lock') IS NOT NULL"
BEATS = 6


@dataclass(frozen=True)
class _Row:
    """`silent` is the seconds since the last beat."""

    lock: Lock
    is_held: bool
    silent: float


class PostgresLocks:
    """`environment` is the name of the row. Every call raises Unreachable while the database does not answer."""

    def __init__(self, access: Access, environment: str, dead_after_seconds: float) -> None:
        self._access = access
        self._environment = environment
        self._dead_after = dead_after_seconds

    def read(self) -> Lock | None:
        """Who has it now. Raises PipelineError when the row is damaged: nobody may guess then."""
        row = self._look()
        return row.lock if row and row.is_held else None

    def acquire(self, holder: Holder) -> Lock:
        """Take it when it is free. Raises Busy with the holder."""
        try:
            with self._alone() as connection:
                row = self._row(connection)
                if row and row.is_held:
                    raise busy(row.lock, self._is_alive(row))
                return self._take(connection, row, holder)
        except Unknown:
            return self._taken_all_the_same(holder)

    def take_over(self, seen: Lock, holder: Holder) -> Lock:
        """Take it from the dead. Raises Busy when `seen` lives or is not the last one any more."""
        try:
            return self._take_from(seen, holder)
        except Unknown:
            return self._taken_all_the_same(holder)

    def _take_from(self, seen: Lock, holder: Holder) -> Lock:
        with self._alone() as connection:
            row = self._row(connection)
            if row is None or not row.is_held or row.lock.generation != seen.generation:
                raise busy(row.lock if row else seen, row is not None and self._is_alive(row))
            if self._is_alive(row):
                raise busy(row.lock, True)
            return self._take(connection, row, holder)

    def release(self, lock: Lock) -> bool:
        """Give it back, unless it changed hands meanwhile."""
        stop_pulse(self._name(lock))
        try:
            with self._alone() as connection:
                return connection.execute(_FREE, (self._environment, lock.generation)).rowcount == 1
        except Unknown as error:  # done or not, it may be done again
            raise Unreachable(error.message, error.hint) from error

    def is_held_by_the_living(self, lock: Lock) -> bool:
        """Whether it has a pulse. One that the row does not have any more has lost it."""
        row = self._look()
        return row is not None and row.lock.generation == lock.generation and self._is_alive(row)

    def beat(self, lock: Lock) -> bool:
        """One beat; False when the lock is not `lock`'s any more."""
        with connected(self._access) as connection:
            return connection.execute(_BEAT, (self._environment, lock.generation)).rowcount == 1

    def _taken_all_the_same(self, holder: Holder) -> Lock:
        """The lock, when only the answer was lost. Raises Unreachable when it is not ours."""
        lock = self.read()
        if lock is None or lock.holder != holder:
            raise Unreachable(f"the lock of {self._environment} fell silent while it was taken", "try again")
        keep_pulse(self._name(lock), lambda: self.beat(lock), self._dead_after / BEATS)
        return lock

    def _look(self) -> _Row | None:
        try:
            with connected(self._access) as connection:
                return self._row(connection) if has_row(connection, _EXISTS) else None
        except Unknown as error:  # a question that got no answer may simply be asked again
            raise Unreachable(error.message, error.hint) from error

    def _is_alive(self, row: _Row) -> bool:
        if row.lock.holder.machine == this_machine():
            return is_process_alive(row.lock.holder)
        return row.silent < self._dead_after

    @contextmanager
    def _alone(self) -> Iterator[psycopg.Connection]:
        """A transaction in which nobody else changes the row."""
        with connected(self._access) as connection:
            if not has_row(connection, _EXISTS):
                # Two at once would collide in the catalog: CREATE ... IF NOT EXISTS does not wait for another's.
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(hashtext('release_pipeline'))")
                    connection.execute(_MAKE)
            with connection.transaction():
                connection.execute("LOCK TABLE release_pipeline.environment_lock IN SHARE ROW EXCLUSIVE MODE")
                yield connection

    def _take(self, connection: psycopg.Connection, last: _Row | None, holder: Holder) -> Lock:
        lock = Lock(last.lock.generation + 1 if last else 1, holder)
        connection.execute(_WRITE, (self._environment, lock.generation, json.dumps(asdict(holder))))
        keep_pulse(self._name(lock), lambda: self.beat(lock), self._dead_after / BEATS)
        return lock

    def _row(self, connection: psycopg.Connection) -> _Row | None:
        found = connection.execute(_READ, (self._environment,)).fetchone()
        return _parse(found, self._environment) if found else None

    def _name(self, lock: Lock) -> str:
        return f"{self._environment}/{lock.generation}"


def _parse(found: tuple[Any, ...], environment: str) -> _Row:
    generation, holder, is_held, silent = found
    try:
        return _Row(Lock(int(generation), Holder(**holder)), bool(is_held), float(silent))
    except TypeError as error:
        raise PipelineError(
            f"the lock of {environment} in release_pipeline.environment_lock is damaged: {error}",
            "see `pipeline status`; delete the row if nothing runs",
        ) from error
