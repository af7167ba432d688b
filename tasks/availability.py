"""What visitors of an app were answered, day by day (UTC), kept in one object: what its error budget is made of.

Where the edge counts, every request is in it, as long as somebody counts once an hour. Where it does not (`NoCounts`),
the app is asked each time where visitors come to, which finds out about outages and not about single requests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

import httpx

from infra.edge import SlotCounts
from infra.edge.uncounted import NoCounts
from infra.errors import Rejected
from infra.objects import Objects
from infra.platform import Platform
from tasks.analysis.error_budget import Budget

HORIZON_SECONDS = 3600  # the edge looks no further back
PROBES = 3
PROBE_TIMEOUT_SECONDS = 10.0
DAYS_KEPT = 90


@dataclass(frozen=True)
class Day:
    """Of one day: requests, and those answered with 500 or more or not at all."""

    requests: int = 0
    failures: int = 0

    def plus(self, requests: int, failures: int) -> Day:
        """With so many more."""
        return Day(self.requests + requests, self.failures + failures)


@dataclass(frozen=True)
class Availability:
    """Everything before `until` (seconds since the epoch) is in `days`, by their dates (2026-01-31). `by` is
    `visitors` or `probes`; seconds that nobody counted are `missed`."""

    until: float = 0.0
    by: str = "visitors"
    missed: float = 0.0
    days: dict[str, Day] = field(default_factory=dict)

    def budget(self, objective: float, days: int, now: float) -> Budget:
        """Over the last `days`, today among them."""
        first = _date(now - (days - 1) * 86_400)
        counted = [day for date, day in self.days.items() if date >= first]
        return Budget(objective, sum(day.requests for day in counted), sum(day.failures for day in counted))


def read_availability(objects: Objects, app: str) -> Availability:
    """As it was counted last; empty before the first time. Raises Unreachable, Rejected for what is no such count."""
    content = objects.get(_key(app))
    if content is None:
        return Availability()
    try:
        table = json.loads(content)
        days = {date: Day(**day) for date, day in table["days"].items()}
        return Availability(float(table["until"]), str(table["by"]), float(table["missed"]), days)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{_key(app)} is no count of requests: {type(error).__name__}"
        raise Rejected(problem, "remove the object: counting begins anew") from error


def count_availability(platform: Platform) -> Availability:
    """Count what came since the last time, and keep it. Repeated, or killed before it is kept, it counts nothing twice.

    Raises Unreachable when the edge or the store is silent.
    """
    before, now = read_availability(platform.objects, platform.app), time.time()
    since = max(before.until, now - HORIZON_SECONDS)
    try:
        rows = platform.edge.counts(since, platform.environment.canary.slow_ms)
        found = with_visitors(before, since, rows, now)
    except NoCounts:
        found = with_probes(before, _ask(platform), now)
    days = dict(sorted(found.days.items())[-DAYS_KEPT:])
    content = json.dumps(asdict(replace(found, days=days))).encode()
    platform.objects.put(_key(platform.app), content, "application/json")
    return found


def with_visitors(before: Availability, since: float, rows: Iterable[SlotCounts], now: float) -> Availability:
    """The whole seconds from `since` to `now`, of which `rows` are those in which anybody came."""
    days, end = dict(before.days), float(int(now))
    for row in rows:
        if before.until <= row.start < end:
            date = _date(row.start)
            days[date] = days.get(date, Day()).plus(row.requests, row.failures)
    missed = max(0.0, since - before.until) if before.until else 0.0
    return Availability(end, "visitors", before.missed + missed, days)


def with_probes(before: Availability, answers: Iterable[bool], now: float) -> Availability:
    """With what the pipeline itself was answered just now."""
    asked = list(answers)
    date = _date(now)
    days = {**before.days, date: before.days.get(date, Day()).plus(len(asked), asked.count(False))}
    return Availability(now, "probes", before.missed, days)


def _ask(platform: Platform) -> list[bool]:
    """Whether each of some questions to where visitors come got an answer below 500."""
    answers = []
    for _ in range(PROBES):
        try:
            status = httpx.get(platform.url, timeout=PROBE_TIMEOUT_SECONDS).status_code
        except httpx.TransportError:
            status = 599
        answers.append(status < 500)
    return answers


def _key(app: str) -> str:
    return f"availability/{app}.json"


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
