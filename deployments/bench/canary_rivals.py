"""The rules that others ship, as they run by default: one look each minute. Shapes: N ramps.

Flagger counts a look without traffic as failed and rolls back one look after the threshold is reached
(pkg/controller/scheduler.go); Argo Rollouts reads no traffic as NaN, which satisfies no success condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from deployments.bench.canary_ours import Counts, Wholes, log_choose

ERROR_RATE = 0.05
SIGNIFICANCE = 0.05


class Rule(Protocol):
    """Looks at the counts of the last minute; says which ramps it aborts: (N,)."""

    name: str

    def look(self, minute: Counts) -> NDArray[np.bool_]: ...


def over_limit(minute: Counts) -> NDArray[np.bool_]:
    """More than the limit in this window, or nothing in it."""
    return np.asarray((minute.canary == 0) | (minute.canary_bad > ERROR_RATE * minute.canary))


@dataclass
class Flagger:
    """Aborts one look after `threshold` looks in total have failed."""

    name: str
    threshold: int
    failed: Wholes | int = 0

    def look(self, minute: Counts) -> NDArray[np.bool_]:
        due = np.broadcast_to(np.asarray(self.failed) >= self.threshold, minute.canary.shape).copy()
        self.failed = self.failed + over_limit(minute).astype(np.int64)
        return due


@dataclass
class Argo:
    """failureLimit 0: the first failed measurement aborts."""

    name: str = "argo"

    def look(self, minute: Counts) -> NDArray[np.bool_]:
        return over_limit(minute)


@dataclass
class FisherPeeked:
    """One-sided Fisher's exact test on everything so far, repeated at each look without correction."""

    name: str = "fisher-peeked"
    seen: Counts | None = None

    def look(self, minute: Counts) -> NDArray[np.bool_]:
        self.seen = minute if self.seen is None else self.seen + minute
        seen, worse = self.seen, np.zeros(len(minute.canary), dtype=bool)
        # No more bad ones than its share of the traffic: the tail is about a half or more.
        above = np.flatnonzero(seen.canary_bad * seen.live > seen.live_bad * seen.canary)
        if len(above):
            counts = (seen.canary, seen.canary_bad, seen.live, seen.live_bad)
            worse[above] = fisher_tail(*(each[above] for each in counts)) < SIGNIFICANCE
        return worse


def fisher_tail(canary: Wholes, canary_bad: Wholes, live: Wholes, live_bad: Wholes) -> NDArray[np.float64]:
    """Chance of at least this many bad canary requests, given the margins: (N,). 1 for an empty table."""
    bad, most = canary_bad + live_bad, np.minimum(canary, canary_bad + live_bad)
    # The terms fall at least geometrically beyond the mode; below it the tail is far from significant.
    splits = canary_bad + np.arange(min(int((most - canary_bad).max()), 200) + 1)[:, None]
    inside = splits <= most
    splits = np.where(inside, splits, canary_bad)
    logs = log_choose(canary, splits) + log_choose(live, bad - splits) - log_choose(canary + live, bad)
    return np.asarray(np.where(inside, np.exp(logs), 0.0).sum(axis=0))


def rivals() -> list[Rule]:
    """A fresh set, none of which has looked yet."""
    return [Flagger("flagger-default", 1), Flagger("flagger-docs", 10), Argo(), FisherPeeked()]
