"""Consecutive batches that are compared as one, so that polling more often loses no evidence.

When a stratum ends depends on requests and time only, never on how many were bad: that keeps the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.analysis.counts import NOTHING, Batch, Counts
from tasks.analysis.policy import Policy


@dataclass(frozen=True)
class Stratum:
    """What was served since `start`; None while nothing was."""

    start: float | None = None
    end: float = 0.0
    canary: Counts = NOTHING
    live: Counts = NOTHING

    def with_batch(self, batch: Batch) -> Stratum:
        """This stratum and one more batch. Leading silence does not use up its time."""
        if self.start is None and batch.canary.requests + batch.live.requests == 0:
            return self
        start = batch.start if self.start is None else self.start
        return Stratum(start, batch.end, self.canary + batch.canary, self.live + batch.live)

    def is_full(self, policy: Policy) -> bool:
        """True once both slots served enough to compare, or waiting longer would mix different times."""
        if self.start is None:
            return False
        fewest = min(self.canary.requests, self.live.requests)
        return fewest >= policy.stratum_requests or self.end - self.start >= policy.stratum_seconds
