"""The candidate against live: is it worse, and can it be ruled out that it is worse by the margin?

Both are conditional on the bad requests of each stratum and on the requests of each slot. What moves both
slots together (an incident, load, another weight) therefore cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasks.analysis.boosting import log_boost
from tasks.analysis.likelihood import Table, log_total, probabilities
from tasks.analysis.mixture import Mixture, log_mean

# Odds ratios that are bet on, and how much. Most of it lies where a fast answer is worth most, around a few
# times worse; twice as bad needs thousands of requests and sixty times as bad a dozen whatever the weights.
WORSE = {1.5: 0.05, 2.5: 0.13, 6.0: 0.66, 15.0: 0.1, 60.0: 0.06}
# The same for "worse by the margin" as the null: nearly all of it on a candidate as good as live.
NOT_WORSE = {1.0: 0.7, 0.5: 0.2, 0.1: 0.1}


def log_costs(table: Table, null: float, ratios: Sequence[float]) -> list[float]:
    """What each bet on an odds ratio pays per stratum; with j bad canary requests it wins (ratio / null)**j."""
    base = log_total(table, null)
    return [log_total(table, ratio) - base for ratio in ratios]


class Worse:
    """Evidence that the odds ratio is above 1, to be acted upon at 1 / level. Boosted: see `boosting`, which takes the
    bad requests of a stratum for spread by chance, so it is not for counts that were capped."""

    def __init__(self, level: float, *, is_boosted: bool = True) -> None:
        self.is_boosted = is_boosted
        self.log_threshold = -math.log(level)
        self.bets = Mixture(WORSE.values())
        self.log_boosted = 0.0

    def add(self, table: Table) -> None:
        """Take in one stratum; one that is not informative changes nothing."""
        if not table.is_informative:
            return
        costs = log_costs(table, 1.0, tuple(WORSE))

        def logs(canary_bad: int) -> list[float]:
            return [
                log - cost + canary_bad * math.log(ratio)
                for log, cost, ratio in zip(self.bets.logs, costs, WORSE, strict=True)
            ]

        def log_wealth(canary_bad: int) -> float:
            return log_mean(self.bets.log_weights, logs(canary_bad))

        boost = 0.0
        # Cheap and nearly always true: the threshold is out of reach of this stratum, nothing to cut.
        if self.is_boosted and log_wealth(table.most) > self.log_threshold:
            boost = log_boost(probabilities(table), log_wealth, self.bets.log_value, self.log_threshold)
        self.log_boosted += boost
        self.bets.logs = [log + boost for log in logs(table.canary_bad)]

    @property
    def log_value(self) -> float:
        """Log e-value. Boosted wealth counts only up to the threshold, plain wealth in full."""
        boosted = self.bets.log_value
        return max(boosted - self.log_boosted, min(boosted, self.log_threshold))


class NotWorse:
    """Evidence that the odds ratio is below `margin`."""

    def __init__(self, margin: float) -> None:
        self.margin = margin
        self.bets = Mixture(NOT_WORSE.values())

    def add(self, table: Table) -> None:
        """Take in one stratum; one that is not informative changes nothing."""
        if table.is_informative:
            costs = log_costs(table, self.margin, tuple(NOT_WORSE))
            self.bets.multiply(
                table.canary_bad * math.log(ratio / self.margin) - cost
                for ratio, cost in zip(NOT_WORSE, costs, strict=True)
            )

    @property
    def log_value(self) -> float:
        return self.bets.log_value
