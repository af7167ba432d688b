"""The verdict in one sentence for a person; the caller puts `v3 at 5 %: ` before it."""

from __future__ import annotations

import math

from tasks.analysis.policy import Policy
from tasks.analysis.verdict import Evidence, MetricVerdict

VERBS = {"failures": "failed", "slow": "were slow"}


def number(value: float) -> str:
    """Three digits at most: 4.1e6, 186, 1.5."""
    if value >= 10_000 or 0 < value < 0.01:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def percent(rate: float) -> str:
    """`5 %`, `0.5 %`."""
    return f"{100.0 * rate:.3g} %"


def counts(metric: MetricVerdict) -> str:
    """`9 of 118 requests failed against 1 of 2240 on live`."""
    verb = VERBS[metric.metric]
    here = f"{metric.canary_bad} of {metric.canary_requests} requests {verb}"
    return f"{here} against {metric.live_bad} of {metric.live_requests} on live"


def failed(metric: MetricVerdict, strongest: Evidence, policy: Policy) -> str:
    """Why this metric fails the candidate."""
    e_value = f"e-value {number(strongest.e_value)}"
    if strongest.question == "over_limit":
        return f"{counts(metric)}, over the limit of {percent(policy.limit(metric.metric))} ({e_value})"
    if metric.odds_ratio is None:
        return f"{counts(metric)} ({e_value})"
    return f"{counts(metric)} (odds ratio {number(metric.odds_ratio)}, {e_value})"


def passed(metric: MetricVerdict, strongest: Evidence, policy: Policy) -> str:
    """Which evidence lets this metric pass."""
    e_value = f"e-value {number(strongest.e_value)}"
    if strongest.question == "acceptable":
        return f"{counts(metric)}, below the acceptable {percent(policy.acceptable_rate or 0.0)} ({e_value})"
    return f"{counts(metric)}, less than {number(policy.margin)} times live's odds ({e_value})"


def undecided(metrics: tuple[MetricVerdict, ...], missing: int) -> str:
    """What is known and how far away a pass is; `missing` requests are needed in this step in any case."""
    if all(metric.canary_requests == 0 for metric in metrics):
        return "the candidate got no requests yet, so nothing is known"
    slowest = max(metrics, key=_far)
    if slowest.requests_to_go is None:
        return f"{counts(slowest)}: no verdict yet, and none in sight at these rates"
    more = max(slowest.requests_to_go, missing, 1)
    return f"{counts(slowest)}: no verdict yet, needs about {more} more candidate requests"


def _far(metric: MetricVerdict) -> float:
    return math.inf if metric.requests_to_go is None else metric.requests_to_go


def unhealthy(failed_in_a_row: int, allowed: int) -> str:
    """The hard rule beside the evidence."""
    return f"{failed_in_a_row} health checks in a row failed, {allowed} are allowed"
