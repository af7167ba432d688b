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
from infra.errors import Rejected, Unreachable
from infra.objects import Objects
from infra.platform import Platform
from tasks.analysis.error_budget import Budget

HORIZON_SECONDS = 3600  # the edge looks no further back
PROBES = 3
PROBE_TIMEOUT_SECONDS = 10.0
DAYS_KEPT = 90
BAD_FROM = 400


@dataclass(frozen=True)
class Day:
    """Of one day: requests, those whose visitor got 500 or more or nothing at all, and seconds that nobody counted."""

    requests: int = 0
    failures: int = 0
    missed: float = 0.0

    def plus(self, requests: int = 0, failures: int = 0, missed: float = 0.0) -> Day:
        """With so many more."""
        return Day(self.requests + requests, self.failures + failures, self.missed + missed)


@dataclass(frozen=True)
class Availability:
    """Everything before `until` (seconds since the epoch) is in `days`, by their dates (2026-01-31). `by` is
    `visitors` or `probes`."""

    until: float = 0.0
    by: str = "visitors"
    days: dict[str, Day] = field(default_factory=dict)

    def budget(self, objective: float, days: int, now: float) -> Budget:
        """Over the last `days`, today among them."""
        counted = self._within(days, now)
        return Budget(objective, sum(day.requests for day in counted), sum(day.failures for day in counted))

    def missed(self, days: int, now: float) -> float:
        """Seconds of the last `days` that nobody counted."""
        return sum(day.missed for day in self._within(days, now))

    def _within(self, days: int, now: float) -> list[Day]:
        first = _date(now - (days - 1) * 86_400)
        return [day for date, day in self.days.items() if date >= first]

    def plus(self, moment: float, requests: int = 0, failures: int = 0, missed: float = 0.0) -> Availability:
        """With so many more on the day of `moment`."""
        date = _date(moment)
        return replace(self, days={**self.days, date: self.days.get(date, Day()).plus(requests, failures, missed)})


def read_availability(objects: Objects, app: str) -> Availability:
    """As it was counted last; empty before the first time. Raises Unreachable, Rejected for what is no such count."""
    content = objects.get(_key(app))
    if content is None:
        return Availability()
    try:
        table = json.loads(content)
        days = {
            str(date): Day(int(day["requests"]), int(day["failures"]), float(day["missed"]))
            for date, day in table["days"].items()
        }
        return Availability(float(table["until"]), str(table["by"]), days)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{_key(app)} is no count of requests: {type(error).__name__}"
        raise Rejected(problem, "remove the object: counting begins anew") from error


def count_availability(platform: Platform) -> Availability:
    """Count what came since the last time, and keep it. Repeated, or killed before it is kept, it counts nothing twice.

    The time before an edge that is silent now is missed. Raises Unreachable when the store is silent.
    """
    before, now = read_availability(platform.objects, platform.app), time.time()
    since = max(before.until, now - HORIZON_SECONDS)
    try:
        platform.edge.route()  # counts are read from its log, also while it is away
        rows = platform.edge.counts(since, platform.environment.canary.slow_ms)
        found = with_visitors(before, since, rows, now)
    except NoCounts:
        found = with_probes(before, _ask(platform.url), now)
    except Unreachable:
        found = without(before, now)
    days = dict(sorted(found.days.items())[-DAYS_KEPT:])
    content = json.dumps(asdict(replace(found, days=days))).encode()
    platform.objects.put(_key(platform.app), content, "application/json")
    return found


def with_visitors(before: Availability, since: float, rows: Iterable[SlotCounts], now: float) -> Availability:
    """The whole seconds from `since` to `now`, of which `rows` are those in which anybody came."""
    found, end = before, float(int(now))
    for row in rows:
        if before.until <= row.start < end:
            found = found.plus(row.start, row.requests, row.failures - row.rescued)
    if before.until and since > before.until:
        found = found.plus(now, missed=since - before.until)
    return replace(found, until=end, by="visitors")


def with_probes(before: Availability, answers: Iterable[bool], now: float) -> Availability:
    """With what the pipeline itself was answered just now."""
    asked = list(answers)
    return replace(before.plus(now, len(asked), asked.count(False)), until=now, by="probes")


def without(before: Availability, now: float) -> Availability:
    """Nobody can say what came since the last time."""
    missed = now - before.until if before.until else 0.0
    return replace(before.plus(now, missed=missed), until=now)


def _ask(url: str) -> list[bool]:
    """Whether each of some visits ended in what a visitor wants to see, or on the way to it: nothing from 400 on."""
    answers = []
    for _ in range(PROBES):
        try:
            with httpx.stream("GET", url, timeout=PROBE_TIMEOUT_SECONDS) as answer:
                answers.append(answer.status_code < BAD_FROM)
        except httpx.RequestError:
            answers.append(False)
    return answers


def _key(app: str) -> str:
    return f"availability/{app}.json"


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
