"""Spend what a test martingale would waste by overshooting its threshold.

Wealth beyond the threshold changes no decision. Cutting it off lowers the mean under the null, so all wealth
may grow by the factor that brings the mean back: Fischer and Ramdas, arXiv 2410.16076, "sequential boosting".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def log_boost(
    outcomes: Sequence[tuple[int, float]],
    log_wealth: Callable[[int], float],
    log_now: float,
    log_threshold: float,
) -> float:
    """Log of the largest factor that is allowed, 0.0 or more.

    outcomes: what can happen and its chance under the null; log_wealth: the wealth after it, rising with the
    outcome, so that cut wealth also rises and every null with fewer bad requests stays covered;
    log_now: the wealth before.
    """
    if log_now >= log_threshold:
        return 0.0
    wealths = [(chance, math.exp(min(log_wealth(outcome) - log_threshold, 1.0))) for outcome, chance in outcomes]
    return math.log(_factor(wealths, math.exp(log_now - log_threshold)))


def _factor(outcomes: list[tuple[float, float]], now: float) -> float:
    """Solve mean(min(factor * wealth, 1)) = now over (chance, wealth); wealth in units of the threshold.

    The factor only grows and every round cuts at least one more outcome, so the loop ends.
    """
    factor, cut = 1.0, 0
    while True:
        over = [chance for chance, wealth in outcomes if factor * wealth >= 1.0]
        rest = sum(chance * wealth for chance, wealth in outcomes if factor * wealth < 1.0)
        if len(over) == cut or rest <= 0.0:
            return factor
        cut = len(over)
        factor = max(factor, (now - sum(over)) / rest)
