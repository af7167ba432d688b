"""The gate on the promise to visitors: while it is broken, only what mends it is worth the risk of a release."""

from __future__ import annotations

from typing import Literal

from tasks.analysis.error_budget import Budget
from tasks.outcomes import GateClosed

WhenSpent = Literal["tell", "close"]


def check_error_budget(app: str, budget: Budget, days: int, when_spent: WhenSpent) -> str:
    """Open while something of it is left, and always where the environment only wants to be told."""
    counts = f"{budget.failures} of {budget.requests} requests failed within {days} days, {budget.allowed:.1f} may"
    if budget.left > 0:
        return f"{budget.left:.1%} left: {counts}"
    if when_spent == "tell":
        return f"SPENT ({budget.left:.1%}): {counts}; told only, as gates.error_budget says"
    raise GateClosed(
        f"error budget: {app} has {budget.left:.1%} left: {counts}",
        'what mends it goes on with a waiver: may_skip = ["error budget"], then skip it with a reason',
    )
