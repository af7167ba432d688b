"""Flow runs whose process is dead while Prefect shows them as under way: a worker that is ended leaves such ones."""

from __future__ import annotations

import math
import socket
import time
from dataclasses import dataclass, field

import psutil

from deployments.guard.flow_runs import FlowRuns, Under
from deployments.guard.voice import Voice
from infra.locks import Locks

PENDING_SECONDS = 60.0  # a worker starts a process and says which within a second or two; after this, none will


@dataclass
class DeadRuns:
    """A run is ended when two looks in a row find the same state and no process behind it."""

    api: FlowRuns
    locks: Locks
    voice: Voice
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def look(self) -> None:
        """End those that were dead at the last look too, so that a process's last words may arrive."""
        dead = {(run.id, run.state): (run, why) for run in self.api.under_way() if (why := self._why_dead(run))}
        for key, (run, why) in dead.items():
            if key in self._seen:
                self.api.end_as_dead(run, f"the guard found that {why}")
                self.voice.tell(f"flow run {run.name!r} is dead: {why}", self.api.page(run.id))
        self._seen = set(dead)

    def _why_dead(self, run: Under) -> str:
        """Empty for one that lives, and for one of which we cannot know."""
        if run.type == "PENDING" and time.time() - run.since < PENDING_SECONDS:
            return ""
        if run.parent:
            return "the run that it was part of has ended" if self.api.is_task_over(run.parent) else ""
        if run.process:
            return "" if is_running(run.process, _latest_start(run)) else f"its process {run.process} is gone"
        if run.type == "PENDING":
            return f"no process was started for it in {time.time() - run.since:.0f} s"
        return self._why_dead_by_lock(run)

    def _why_dead_by_lock(self, run: Under) -> str:
        """A run that no worker started is known by the lock that it took."""
        lock = self.locks.read()
        if lock is None or lock.holder.flow_run != run.id or self.locks.is_held_by_the_living(lock):
            return ""
        return f"its process {lock.holder.host}:{lock.holder.pid} is gone"


def _latest_start(run: Under) -> float:
    """When the process that got the run into this state had begun at the latest, with a second for the clocks' grain.

    A pending one is waiting for its process, which begins later.
    """
    return math.inf if run.type == "PENDING" else run.since + 1.0


def is_running(process: str, latest_start: float) -> bool:
    """Whether `<host>:<pid>` or `<pid>` runs, begun no later than that. True for another host's: we cannot know."""
    host, _, pid = process.rpartition(":")
    if host not in ("", socket.gethostname()) or not pid.isdigit():
        return True
    try:
        found = psutil.Process(int(pid))
        return found.status() != psutil.STATUS_ZOMBIE and found.create_time() <= latest_start
    except psutil.NoSuchProcess:
        return False
