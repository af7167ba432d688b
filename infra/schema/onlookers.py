"""Looks on while a migration runs: who waits for its locks and how long; asks its backfill to pause when it hurts."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psycopg

from infra.commands import Say
from infra.database.connection import Access, connected
from infra.errors import PipelineError
from infra.schema.applied import note_waiting

LOOK_EVERY_SECONDS = 0.05
LAG_EVERY_SECONDS = 1.0
LAG_LIMIT_BYTES = 67_108_864  # what the standby may be behind before a backfill pauses
WAIT_LIMIT_MS = 500.0
_APPLYING = re.compile(r"^applying (\S+): ")
# Only sessions of the same role show their names here: the app's own, and those are the ones that count.
_WAITING = """
SELECT l.pid, extract(epoch FROM clock_timestamp() - l.waitstart)::float8 * 1000
FROM pg_locks l WHERE NOT l.granted AND l.waitstart IS NOT NULL AND pg_blocking_pids(l.pid) && ARRAY(
    SELECT pid FROM pg_stat_activity WHERE application_name = 'pipeline-migrations' AND datname = current_database()
)
"""


class Onlookers:
    """`with Onlookers(...) as look:` around a run; its lines go through `look.hear`. `lag` gives bytes."""

    def __init__(self, access: Access, hold: Path, say: Say, lag: Callable[[], int] | None) -> None:
        self._access, self._hold, self._say, self._lag = access, hold, say, lag
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="onlookers", daemon=True)
        self._running = ""
        self._waits: dict[str, dict[int, float]] = defaultdict(dict)
        self._failure: PipelineError | None = None
        self._next_lag, self._reason = 0.0, ""

    def __enter__(self) -> Onlookers:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        if self._failure:
            self._say(f"nobody looked on to the end: {self._failure.message}")
        if kind is None:
            for revision, waits in self._waits.items():
                note_waiting(self._access, revision, max(waits.values(), default=0.0), len(waits))

    def hear(self, line: str) -> None:
        """A line of the run: it tells which revision is being applied."""
        if found := _APPLYING.match(line):
            self._running = found[1]
            self._waits[self._running] = {}
        self._say(line)

    def _look(self) -> None:
        try:
            with connected(self._access) as connection:
                while not self._over.wait(LOOK_EVERY_SECONDS):
                    longest = self._count(connection)
                    self._decide(longest)
        except PipelineError as error:
            self._failure = error
        finally:
            self._hold.unlink(missing_ok=True)

    def _count(self, connection: psycopg.Connection) -> float:
        longest = 0.0
        for pid, waited in connection.execute(_WAITING):
            if self._running:
                known = self._waits[self._running]
                known[pid] = max(known.get(pid, 0.0), waited)
            longest = max(longest, waited)
        return longest

    def _decide(self, waited_ms: float) -> None:
        """Hold the backfill while a session waits too long, or the standby is too far behind."""
        if self._lag and time.monotonic() > self._next_lag:
            self._next_lag = time.monotonic() + LAG_EVERY_SECONDS
            behind = self._lag()
            self._reason = (
                f"the standby is {behind} bytes behind, over {LAG_LIMIT_BYTES}" if behind > LAG_LIMIT_BYTES else ""
            )
        reason = self._reason or (f"a session has waited {waited_ms:.0f} ms" if waited_ms > WAIT_LIMIT_MS else "")
        if reason:
            self._hold.write_text(reason)
        else:
            self._hold.unlink(missing_ok=True)
