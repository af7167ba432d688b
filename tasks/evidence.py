"""Turns what the edge counted into batches for the analysis; asks by itself where visitors are too few.

Probes go to both deployments at their own addresses, equally many, and are counted apart, so that a quiet
night still gives evidence and nobody takes it for visitors.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import httpx

from infra.edge import Edge, Slot, SlotCounts, other
from infra.environment import Canary
from tasks.analysis import Batch, Counts, Policy

PROBES_PER_LOOK = 10


@dataclass(frozen=True)
class Row:
    """One batch as people see it in the report. Times are seconds since the epoch."""

    time: float
    weight: int
    canary: Counts
    live: Counts
    canary_p95_ms: float
    live_p95_ms: float
    probes: int


class Witness:
    """Reads batches of one release's candidate and live slots, each batch once."""

    def __init__(self, edge: Edge, slot: Slot, urls: tuple[str, str | None], policy: Canary) -> None:
        self._edge = edge
        self._slot = slot
        self._urls = urls
        self._policy = policy
        self._next = int(time.time())
        self._client = httpx.Client(timeout=policy.slow_ms / 1000 * 1.5)

    def look(self, weight: int) -> list[Row]:
        """The batches that ended since the last look, oldest first; empty when none did."""
        size = self._policy.batch_seconds
        begin, end = self._next, int(time.time()) // size * size
        if end <= begin:
            return []
        self._next = end
        found = [c for c in self._edge.counts(begin, self._policy.slow_ms) if begin <= c.start < end]
        rows = [_row(start, weight, counts, self._slot) for start, counts in _by_batch(found, size)]
        if sum(row.canary.requests for row in rows) / (end - begin) >= self._policy.probe_below_requests_per_second:
            return rows
        newest = rows.pop() if rows and rows[-1].time == end - size else _row(end - size, weight, [], self._slot)
        return [*rows, self._with_probes(newest)]

    def is_healthy(self, path: str) -> bool:
        """Whether the candidate's health path answers 200 at its own address."""
        try:
            return self._client.get(self._urls[0] + path).status_code == 200
        except httpx.TransportError:
            return False

    def _with_probes(self, row: Row) -> Row:
        canary = self._ask(self._urls[0])
        live = self._ask(self._urls[1]) if self._urls[1] else Counts(0, 0)
        probes = canary.requests + live.requests
        return replace(row, canary=row.canary + canary, live=row.live + live, probes=probes)

    def _ask(self, url: str) -> Counts:
        with ThreadPoolExecutor(PROBES_PER_LOOK) as pool:
            answers = list(pool.map(self._time, [url] * PROBES_PER_LOOK))
        failures = sum(1 for failed, _ in answers if failed)
        slow = sum(1 for _, ms in answers if ms > self._policy.slow_ms)
        return Counts(len(answers), failures, slow)

    def _time(self, url: str) -> tuple[bool, float]:
        started = time.monotonic()
        try:
            failed = self._client.get(url).status_code >= 500
        except httpx.TransportError:
            failed = True
        return failed, (time.monotonic() - started) * 1000


def policy_of(canary: Canary) -> Policy:
    """The environment's limits as the analysis wants them."""
    return Policy(
        alpha=canary.alpha,
        error_rate=canary.error_rate_limit,
        slow_rate=canary.slow_rate_limit,
        acceptable_rate=canary.acceptable_rate,
        margin=canary.odds_ratio_margin,
        minimum_requests=canary.step_minimum_requests,
        failed_health_checks=canary.failed_health_checks,
    )


def batch_of(row: Row, seconds: int) -> Batch:
    """What the analysis wants of a row that covers `seconds`."""
    return Batch(row.time, seconds, row.canary, row.live)


def _by_batch(found: Iterable[SlotCounts], size: int) -> list[tuple[int, list[SlotCounts]]]:
    batches: dict[int, list[SlotCounts]] = defaultdict(list)
    for counts in found:
        batches[counts.start // size * size].append(counts)
    return sorted(batches.items())


def _row(start: int, weight: int, counts: list[SlotCounts], slot: Slot) -> Row:
    canary, canary_p95 = _sum(counts, slot)
    live, live_p95 = _sum(counts, other(slot))
    return Row(float(start), weight, canary, live, canary_p95, live_p95, 0)


def _sum(counts: list[SlotCounts], slot: Slot) -> tuple[Counts, float]:
    mine = [c for c in counts if c.slot == slot]
    total = Counts(sum(c.requests for c in mine), sum(c.failures for c in mine), sum(c.slow for c in mine))
    return total, max((c.p95_ms for c in mine), default=0.0)
