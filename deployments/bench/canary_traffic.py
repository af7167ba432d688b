"""Traffic for many ramps at once: who is served by which slot, and what goes wrong when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from deployments.bench.canary_ours import Counts, Reals, Wholes

# Of time in seconds: a multiplier, a share, a rate.
Over = Callable[[float], float]


def steady(value: float) -> Over:
    """The same at all times."""
    return lambda _: value


@dataclass(frozen=True)
class Burst:
    """Errors that come together: now and then a slot fails `rate` of its requests for one step."""

    every_seconds: float
    rate: float
    both_slots: bool

    def on(self, rng: np.random.Generator, ramps: int, seconds: float) -> tuple[Reals, Reals]:
        """The extra error rate of the canary and of live in one step, each (ramps,)."""
        chance = seconds / self.every_seconds
        canary = np.where(rng.random(ramps) < chance, self.rate, 0.0)
        live = canary if self.both_slots else np.where(rng.random(ramps) < chance, self.rate, 0.0)
        return canary, live


@dataclass(frozen=True)
class Traffic:
    """Requests per minute of both slots together, and the error rates of each at a time.

    skew_seconds: how much later the canary's counts are read than live's.
    """

    total_per_minute: float
    canary_rate: Over
    live_rate: Over
    share: Over = field(default_factory=lambda: steady(0.1))
    burst: Burst | None = None
    skew_seconds: float = 0.0

    def step(self, rng: np.random.Generator, ramps: int, start: float, seconds: float) -> list[Counts]:
        """One batch of every ramp: its failures, and its slow requests, which are as many on either slot."""
        share = self.share(start)
        total = self.total_per_minute * seconds / 60.0
        canary, live = rng.poisson(total * share, ramps), rng.poisson(total * (1.0 - share), ramps)
        then = start - self.skew_seconds
        return [
            self._bad(rng, canary, live, (rate(then), self.live_rate(start)), seconds)
            for rate in (self.canary_rate, self.live_rate)
        ]

    def _bad(
        self,
        rng: np.random.Generator,
        canary: Wholes,
        live: Wholes,
        rates: tuple[float, float],
        seconds: float,
    ) -> Counts:
        here, there = np.full(len(canary), rates[0]), np.full(len(canary), rates[1])
        if self.burst:
            extra_here, extra_there = self.burst.on(rng, len(canary), seconds)
            here, there = np.maximum(here, extra_here), np.maximum(there, extra_there)
        return Counts(canary, rng.binomial(canary, here), live, rng.binomial(live, there))
