"""Calls for `recover` when a release died with the environment's lock in its hands, or a way back failed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deployments.guard.backoff import Backoff
from deployments.guard.flow_runs import FlowRuns
from deployments.guard.voice import Voice
from infra.errors import PipelineError
from infra.locks import Locks
from infra.objects import Objects

FLOW = "recover"


@dataclass
class Recovery:
    """`is_ready` says whether server and worker run, without which nothing could be started."""

    environment: str
    api: FlowRuns
    voice: Voice
    is_ready: Callable[[], bool]

    def start(self, why: str) -> bool:
        """Whether a run was started; not while one is in flight. What fails is said, and is for the next try."""
        if not self.is_ready():
            self.voice.say_seldom(f"{why}: waiting for Prefect's server and worker")
            return False
        if self.api.has_in_flight(FLOW, self.environment, time.time()):
            self.voice.say_seldom(f"{why}: a recovery is under way")
            return False
        run = self.api.start(FLOW, self.environment, {"environment": self.environment})
        self.voice.tell(f"{why}: started recovery {run.name!r}", self.api.page(run.id))
        return True


@dataclass
class DeadHolder:
    """The lock whose holder is dead: tried at once, then after 10, 20 ... 300 s for as long as it is the same one."""

    locks: Locks
    recovery: Recovery
    _generation: int = 0
    _backoff: Backoff = field(default_factory=lambda: Backoff(10, 300))

    def look(self) -> None:
        """Raises PipelineError when the lock is damaged or Prefect does not start the recovery."""
        lock = self.locks.read()
        if lock is None or self.locks.is_held_by_the_living(lock):
            return
        if lock.generation != self._generation:
            self._generation, self._backoff = lock.generation, Backoff(10, 300)
        now = time.monotonic()
        if self._backoff.is_due(now):
            _try(self.recovery, f"the {lock.holder.what} {lock.holder.name} died with the lock", self._backoff)


@dataclass
class FailedWaysBack:
    """Releases whose way back failed: tried again after 1, 2 ... 15 minutes until none is left."""

    objects: Objects
    locks: Locks
    recovery: Recovery
    _backoff: Backoff = field(default_factory=lambda: Backoff(60, 900, healthy_seconds=0))
    _standings: dict[tuple[str, float], str] = field(default_factory=dict)

    def look(self) -> None:
        """Nothing while somebody has the lock: that one, or its recovery, comes first."""
        failed = self._failed()
        if not failed:
            self._backoff.is_well(time.monotonic())
        elif self.locks.read() is None and self._backoff.is_due(time.monotonic()):
            _try(self.recovery, f"the way back of {', '.join(failed)} failed", self._backoff)

    def _failed(self) -> list[str]:
        """Their keys' last folder. Records that did not change since the last look are not read again."""
        stored = [one for one in self.objects.list("releases/") if one.key.endswith("/record.json")]
        known = self._standings
        self._standings = {
            (one.key, one.modified): known.get((one.key, one.modified)) or self._standing(one.key) for one in stored
        }
        return [key.split("/")[-2] for (key, _), standing in self._standings.items() if standing == "way back failed"]

    def _standing(self, key: str) -> str:
        # Read as it is: the record's own class lives with the stages, which cost 150 MB of Prefect.
        content = self.objects.get(key)
        return str(json.loads(content)["standing"]) if content else "removed"


def _try(recovery: Recovery, why: str, backoff: Backoff) -> None:
    try:
        is_over = recovery.start(why)
    except PipelineError:
        backoff.tried(time.monotonic())
        raise
    if is_over:
        backoff.tried(time.monotonic())
