"""Waits until nothing happens any more: the release ended, nobody holds the lock, every service serves."""

from __future__ import annotations

import time
from dataclasses import dataclass

from deployments.chaos.ground import Ground
from deployments.chaos.journal import Journal
from deployments.chaos.judge import Ending
from deployments.chaos.targets import flow_runs
from deployments.chaos.world import unhealthy
from deployments.prefect_api import FlowRun
from infra.errors import PipelineError
from infra.locks.of_environment import locks_of

OPEN = ("running", "way back failed")
# Without any step of the release, its recovery or a service; a busy machine makes each of them slow.
STILL_SECONDS = 120.0
LONGEST_SECONDS = 480.0
_LOOK_EVERY_SECONDS = 0.25


@dataclass
class Quiet:
    """Of one release. `stirring` says what is not quiet yet, for people."""

    ground: Ground
    journal: Journal
    release: str
    run: FlowRun
    stirring: str = "nobody has looked yet"

    def is_over(self) -> bool:
        """Whether the release itself has ended, whoever ended it."""
        self.stirring = self._stirs()
        return not self.stirring

    def wait(self) -> bool:
        """False when nothing moved for 2 minutes, or it was not quiet after 8, and `stirring` says what stirs still."""
        moved, last = time.monotonic(), ""
        deadline = moved + LONGEST_SECONDS
        while time.monotonic() < min(deadline, moved + STILL_SECONDS):
            if self.is_over() and self._serves():
                return True
            now = f"{self.journal.stage()}: {self.stirring}"
            if now != last:
                moved, last = time.monotonic(), now
            time.sleep(_LOOK_EVERY_SECONDS)
        return False

    def ending(self) -> Ending:
        """How it ended, by its record and by Prefect."""
        record = self.journal.record()
        standing, reason = str(record.get("standing", "")), str(record.get("reason", ""))
        return Ending(self.release, standing, reason, f"{self.run.type} {self.run.outcome}", self.run.is_over)

    def _stirs(self) -> str:
        if self.journal.standing in OPEN:
            return f"the release stands at {self.journal.standing!r}"
        lock = locks_of(self.ground.environment).read()
        if lock:
            return f"the lock is held by the {lock.holder}"
        try:
            self.run = self.ground.api.flow_run(self.run.id)
        except PipelineError as error:
            return f"Prefect's server: {error.message}"
        if not self.run.is_over:
            return f"the flow run is {self.run.type} {self.run.outcome}"
        if any(run == self.run.id for _, run in flow_runs()):
            return "the flow run's process has not ended"
        return ""

    def _serves(self) -> bool:
        self.stirring = ", ".join(unhealthy(self.ground.environment))
        return not self.stirring
