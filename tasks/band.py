"""The band around a rate that may be looked at as often as one likes: a confidence sequence.

For each rate p the wealth of a bet against it is the chance of the counts under a uniform prior over all rates,
divided by that under p: Beta(k + 1, n - k + 1) / (p**k (1 - p)**(n - k)). By Ville's inequality the true rate, if
it is always the same, ever loses 1 / level with a chance of `level` at most (Robbins, Ann. Math. Stat. 1970).
"""

from __future__ import annotations

import math

LEVEL = 0.05
STEPS = 30  # of halving: to 1e-9


def band(requests: int, bad: int, level: float = LEVEL) -> tuple[float, float]:
    """Lowest and highest rate that the counts leave possible; (0, 1) without requests."""
    if requests == 0:
        return 0.0, 1.0
    rate = bad / requests
    low = 0.0 if bad == 0 else _edge(requests, bad, level, outside=0.0, inside=rate)
    high = 1.0 if bad == requests else _edge(requests, bad, level, outside=1.0, inside=rate)
    return low, high


def _edge(requests: int, bad: int, level: float, *, outside: float, inside: float) -> float:
    for _ in range(STEPS):
        middle = (outside + inside) / 2.0
        if _log_wealth(requests, bad, middle) < -math.log(level):
            inside = middle
        else:
            outside = middle
    return inside


def _log_wealth(requests: int, bad: int, rate: float) -> float:
    good = requests - bad
    mixture = math.lgamma(bad + 1) + math.lgamma(good + 1) - math.lgamma(requests + 2)
    return mixture - _power(bad, rate) - _power(good, 1.0 - rate)


def _power(count: int, rate: float) -> float:
    return count * math.log(max(rate, 1e-300)) if count else 0.0
