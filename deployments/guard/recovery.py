"""Calls for `recover` when a release died with the environment's lock in its hands, or its way back failed."""

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
class OpenReleases:
    """Releases that are open although nobody is at them: their way back failed. Tried after 1, 2 ... 15 minutes."""

    objects: Objects
    locks: Locks
    recovery: Recovery
    _backoff: Backoff = field(default_factory=lambda: Backoff(60, 900, healthy_seconds=0))

    def look(self) -> None:
        """Nothing while somebody has the lock: that one, or its recovery, comes first."""
        names = [stored.key.removeprefix("open/") for stored in self.objects.list("open/")]
        still = [name for name in names if self._standing(name) in ("running", "way back failed")]
        if not still:
            self._backoff.is_well(time.monotonic())
        elif self.locks.read() is None and self._backoff.is_due(time.monotonic()):
            _try(self.recovery, f"{', '.join(still)} is neither released nor back", self._backoff)

    def _standing(self, name: str) -> str:
        # Read as it is: the record's own class lives with the stages, which cost 150 MB of Prefect.
        content = self.objects.get(f"releases/{name}/record.json")
        return str(json.loads(content)["standing"]) if content else ""


def _try(recovery: Recovery, why: str, backoff: Backoff) -> None:
    try:
        is_over = recovery.start(why)
    except PipelineError:
        backoff.tried(time.monotonic())
        raise
    if is_over:
        backoff.tried(time.monotonic())
