"""How likely a split of bad requests over two slots is, given only how many there were and how many served.

That is Fisher's noncentral hypergeometric distribution: it depends on the odds ratio alone, not on the base
rate and not on the share of traffic. Cox and Snell, Analysis of Binary Data, 1989, section 2.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

# Terms smaller than this against the largest are beneath double precision.
NEGLIGIBLE = 1e-18


class Table(NamedTuple):
    """One stratum and metric: requests and bad requests of the canary and of the live slot."""

    canary: int
    canary_bad: int
    live: int
    live_bad: int

    @property
    def bad(self) -> int:
        return self.canary_bad + self.live_bad

    @property
    def least(self) -> int:
        """The fewest bad requests the canary can have, given the margins."""
        return max(0, self.bad - self.live)

    @property
    def most(self) -> int:
        return min(self.canary, self.bad)

    @property
    def is_informative(self) -> bool:
        """False when only one split is possible: nothing bad, nothing good, or one slot without traffic."""
        return self.least < self.most


def log_choose(n: int, k: int) -> float:
    """Natural log of n over k, for 0 <= k <= n."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def log_total(table: Table, odds_ratio: float) -> float:
    """Log of the sum over all splits of C(canary, j) C(live, bad - j) odds_ratio**j; odds_ratio above 0."""
    if odds_ratio == 1.0:
        # Vandermonde's identity: no sum needed.
        return log_choose(table.canary + table.live, table.bad)
    peak = _peak(table, odds_ratio)
    relative = sum([term for _, term in _around(table, odds_ratio, peak)])
    return _log_term(table, peak, odds_ratio) + math.log(relative)


def log_likelihood(table: Table, odds_ratio: float) -> float:
    """Log probability of this split at this odds ratio (canary to live), above 0."""
    return _log_term(table, table.canary_bad, odds_ratio) - log_total(table, odds_ratio)


def probabilities(table: Table) -> list[tuple[int, float]]:
    """Every split that matters and its probability if both slots are equally good, in rising order."""
    terms = sorted(_around(table, 1.0, _peak(table, 1.0)))
    total = sum(term for _, term in terms)
    return [(j, term / total) for j, term in terms]


def _log_term(table: Table, j: int, odds_ratio: float) -> float:
    chosen = log_choose(table.canary, j) + log_choose(table.live, table.bad - j)
    return chosen + j * math.log(odds_ratio)


def _rise(table: Table, odds_ratio: float) -> Callable[[int], float]:
    """Of j: term j + 1 over term j."""
    canary, bad, rest = table.canary, table.bad, table.live - table.bad
    return lambda j: odds_ratio * (canary - j) * (bad - j) / ((j + 1) * (rest + j + 1))


def _peak(table: Table, odds_ratio: float) -> int:
    """The most likely split. Terms rise and then fall, so bisection finds it however many there are."""
    low, high, rise = table.least, table.most, _rise(table, odds_ratio)
    while low < high:
        middle = (low + high) // 2
        if rise(middle) > 1.0:
            low = middle + 1
        else:
            high = middle
    return low


def _around(table: Table, odds_ratio: float, peak: int) -> list[tuple[int, float]]:
    """Splits and their terms relative to the peak's, outwards on both sides while they matter."""
    terms, rise = [(peak, 1.0)], _rise(table, odds_ratio)
    term, j, most = 1.0, peak, table.most
    while j < most and term > NEGLIGIBLE:
        term *= rise(j)
        j += 1
        terms.append((j, term))
    term, j, least = 1.0, peak, table.least
    while j > least and term > NEGLIGIBLE:
        j -= 1
        term /= rise(j)
        terms.append((j, term))
    return terms
