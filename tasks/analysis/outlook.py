"""How far a pass is away, for the sentence a person reads. An estimate; no decision rests on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasks.analysis.mixture import Mixture, log_mean


def per_request_so_far(bets: Mixture, requests: int) -> list[float]:
    """What each bet won per candidate request on average."""
    return [log / max(requests, 1) for log in bets.logs]


def requests_to_go(bets: Mixture, growth: Sequence[float], goal: float) -> int | None:
    """Requests until the log e-value reaches `goal` if each bet goes on to win `growth` a request.

    None if no bet grows.
    """
    enough = _first_bet_alone(bets, growth, goal)
    if enough is None:
        return None
    low, high = 0, enough
    while low < high:
        middle = (low + high) // 2
        logs = [log + middle * speed for log, speed in zip(bets.logs, growth, strict=True)]
        if log_mean(bets.log_weights, logs) >= goal:
            high = middle
        else:
            low = middle + 1
    return high


def _first_bet_alone(bets: Mixture, growth: Sequence[float], goal: float) -> int | None:
    waits = [
        (goal - weight - log) / speed
        for weight, log, speed in zip(bets.log_weights, bets.logs, growth, strict=True)
        if speed > 0.0 and math.isfinite(log)
    ]
    return max(0, math.ceil(min(waits))) if waits else None
