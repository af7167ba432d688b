"""How far a pass is away, for the sentence a person reads. An estimate; no decision rests on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasks.analysis.mixture import Mixture


def per_request_so_far(bets: Mixture, requests: int) -> list[float]:
    """What each bet won per candidate request on average."""
    return [log / max(requests, 1) for log in bets.logs]


def requests_to_go(bets: Mixture, growth: Sequence[float], goal: float) -> int | None:
    """Requests until the first bet alone lifts the mixture to the log e-value `goal`; None if none grows."""
    waits = [
        (goal - math.log(weight) - log) / speed
        for weight, log, speed in zip(bets.weights, bets.logs, growth, strict=True)
        if speed > 0.0 and math.isfinite(log)
    ]
    return max(0, math.ceil(min(waits))) if waits else None
