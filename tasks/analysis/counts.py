"""What was observed: counts per short batch and slot. Everything a source says is turned into these."""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.errors import BadInput

METRICS = ("failures", "slow")


def check_metric(field: str, name: str) -> str:
    """`name`, if it is a metric that can be counted; refused by name otherwise."""
    if name not in METRICS:
        raise BadInput(field, f"unknown metric {name!r}", f"use one of: {', '.join(METRICS)}")
    return name


def _check_whole(field: str, value: object) -> None:
    # bool is an int to Python; NaN and 3.0 are floats: none of them is a count.
    if type(value) is not int or value < 0:
        raise BadInput(field, f"{value!r} is not a count", "give a whole number of 0 or more")


@dataclass(frozen=True)
class Counts:
    """Requests of one slot; of them, how many failed and how many were slower than the limit."""

    requests: int
    failures: int
    slow: int = 0

    def __post_init__(self) -> None:
        for name in ("requests", *METRICS):
            _check_whole(name, getattr(self, name))
        for name in METRICS:
            if self.bad(name) > self.requests:
                raise BadInput(
                    name,
                    f"{self.bad(name)} of only {self.requests} requests",
                    "count both over the same requests",
                )

    def bad(self, metric: str) -> int:
        """How many requests count against this metric. Raises BadInput for an unknown metric."""
        return self.slow if check_metric("metric", metric) == "slow" else self.failures

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.failures + other.failures, self.slow + other.slow)


NOTHING = Counts(0, 0, 0)


@dataclass(frozen=True)
class Batch:
    """What both slots served in [start, start + seconds). `start` is any clock in seconds that only rises."""

    start: float
    seconds: float
    canary: Counts
    live: Counts

    def __post_init__(self) -> None:
        if not math.isfinite(self.start):
            raise BadInput("batch.start", f"{self.start!r} is not a time", "give seconds as a finite number")
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise BadInput("batch.seconds", f"{self.seconds!r} is not a length", "give the seconds it covers, above 0")

    @property
    def end(self) -> float:
        return self.start + self.seconds
