"""The candidate by itself: is it over the limit, and can it be shown to be below the acceptable rate?

Both are one stream of requests and need no traffic on live. Waudby-Smith and Ramdas, JRSS B 2024, betting.
"""

from __future__ import annotations

import math

from tasks.analysis.mixture import LOST, Mixture

# How far above the limit each bet goes: 0 is the limit itself, 1 is "every request is bad".
OVER = {0.05: 0.2, 0.15: 0.2, 0.4: 0.2, 0.75: 0.1, 1.0: 0.3}
# The rate each bet goes for, as a part of the acceptable rate. 0 is "no request is bad".
BELOW = {0.0: 0.5, 0.15: 0.2, 0.3: 0.2, 0.6: 0.1}


def log_power(count: int, factor: float) -> float:
    """Log of factor**count, where 0**0 is 1; minus infinity once 0 is multiplied in."""
    if count == 0:
        return 0.0
    return count * math.log(factor) if factor > 0.0 else LOST


class OverLimit:
    """Evidence that the rate is above the limit it is given with each batch."""

    def __init__(self) -> None:
        self.bets = Mixture(OVER.values())

    def add(self, requests: int, bad: int, limit: float) -> None:
        """Take in one batch. A limit of 1 cannot be broken and teaches nothing."""
        if limit < 1.0:
            self.bets.multiply(
                log_power(bad, 1.0 + (1.0 / limit - 1.0) * part) + log_power(requests - bad, 1.0 - part)
                for part in OVER
            )

    @property
    def log_value(self) -> float:
        return self.bets.log_value


class Acceptable:
    """Evidence that the rate is below `rate`."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.bets = Mixture(BELOW.values())

    def add(self, requests: int, bad: int) -> None:
        """Take in one batch."""
        self.bets.multiply(self._growth(bad, requests - bad))

    def growth_at(self, requests: int, bad: int) -> list[float]:
        """What each bet wins per request while the rate stays at bad / requests (0 if nothing was served)."""
        return [growth / max(requests, 1) for growth in self._growth(bad, max(requests - bad, 1))]

    def _growth(self, bad: int, good: int) -> list[float]:
        kept = 1.0 - self.rate
        return [log_power(bad, part) + log_power(good, (1.0 - self.rate * part) / kept) for part in BELOW]

    @property
    def log_value(self) -> float:
        return self.bets.log_value
