"""The figures of a run: what was killed how often, how it ended, and how long visitors felt it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from deployments.chaos.ground import LEASE_SECONDS
from deployments.chaos.result import Result

# The edge compares whole seconds, and a request that was let in may take its time.
LEASE_BOUND_SECONDS = LEASE_SECONDS + 2.0
# None of these may be.
BROKEN = ("illegal", "lost_writes", "locks_left", "orphans")


def figures(seed: int, results: list[Result], lost_later: int = 0) -> dict[str, Any]:
    """The documented keys, for machines."""
    leases = [result.lease_seconds for result in results if result.lease_seconds is not None]
    found = {
        "seed": seed,
        "trials": len(results),
        "illegal": sum(bool(result.illegal) for result in results),
        "lost_writes": sum(result.lost_writes for result in results) + lost_later,
        "acknowledged_writes": sum(result.acknowledged for result in results),
        "requests": sum(result.requests for result in results),
        "locks_left": sum(result.locks_left for result in results),
        "orphans": sum(result.orphans for result in results),
        "lease_trials": len(leases),
        "lease_seconds_median": _rounded(leases, statistics.median),
        "lease_seconds_max": _rounded(leases, max),
        "lease_bound_seconds": LEASE_BOUND_SECONDS,
        "longest_bad_traffic_seconds": _rounded([result.bad_traffic_seconds for result in results], max),
        "by_target": _groups(result for result in results if not _is_mood(result)),
        "by_mood": _groups(result for result in results if _is_mood(result)),
        "details": [asdict(result) for result in sorted(results, key=lambda result: result.number)],
    }
    return {**found, "is_broken": any(found[key] for key in BROKEN)}


def _groups(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    rows = sorted(results, key=lambda result: result.aim)
    return {aim: _group([row for row in rows if row.aim == aim]) for aim in sorted({row.aim for row in rows})}


def _group(results: list[Result]) -> dict[str, Any]:
    return {
        "trials": len(results),
        "illegal": sum(bool(result.illegal) for result in results),
        "outcomes": dict(Counter(result.outcome for result in results)),
        "unavailable_seconds_max": _rounded([result.unavailable_seconds for result in results], max),
        "quiet_seconds_median": _rounded([result.quiet_seconds for result in results], statistics.median),
        "quiet_seconds_max": _rounded([result.quiet_seconds for result in results], max),
    }


def _is_mood(result: Result) -> bool:
    return result.aim.startswith("object store ")


def _rounded(values: list[float], how: Callable[[list[float]], float]) -> float | None:
    return round(how(values), 2) if values else None
