"""Counts what became of requests: totals, by version, by second, and each failure with its cause."""

from __future__ import annotations

import json
import math
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import BadInput

KEPT_FAILURES = 2000
NO_VERSION = "none"
# Latencies are kept as counts in buckets 5 % wide, so a long run needs no more memory than a short one.
_BUCKET = math.log(1.05)


@dataclass(frozen=True)
class Outcome:
    """One finished request, at `time` (seconds since the epoch).

    `failure` is empty, or `status` (5xx), `connection`, `timeout`, or `answer` (a write acknowledged with another row).
    """

    request: str
    time: float
    seconds: float
    status: int = 0
    version: str = NO_VERSION
    failure: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Failure:
    """A failed request, when it ended (seconds since the epoch), who answered, and why it counts as failed."""

    time: float
    kind: str
    cause: str
    request: str
    version: str


@dataclass(frozen=True)
class Group:
    """Requests of one version, or of all: counts, and latency in milliseconds (to 5 %)."""

    requests: int
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Second:
    """Requests that ended in one second, and by whom; `second` counts from the start of the load."""

    second: int
    requests: int
    failed: int
    versions: dict[str, int]
    failed_versions: dict[str, int]


@dataclass(frozen=True)
class Report:
    """All counts so far. `failures` holds the first 2000; `late_ms` is how far the sender itself fell behind."""

    started: float
    seconds: float
    is_final: bool
    requests: int
    failed: int
    acknowledged: int
    late_ms: float
    total: Group
    by_version: dict[str, Group]
    by_status: dict[str, int]
    failed_by_kind: dict[str, int]
    timeline: tuple[Second, ...]
    failures: tuple[Failure, ...]

    def to_json(self) -> str:
        """The report as written to its file."""
        return json.dumps(asdict(self))


def read_report(path: Path) -> Report:
    """The report in a file. Raises BadInput when it is missing or is not one."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        found["total"] = Group(**found["total"])
        found["by_version"] = {name: Group(**group) for name, group in found["by_version"].items()}
        found["timeline"] = tuple(Second(**second) for second in found["timeline"])
        found["failures"] = tuple(Failure(**failure) for failure in found["failures"])
        return Report(**found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(str(path), f"is not a load report: {error}", "give the file that the load wrote") from error


@dataclass
class _Count:
    requests: int = 0
    failed: int = 0
    latencies: Counter[int] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        self.requests += 1
        self.failed += bool(outcome.failure)
        self.latencies[round(math.log(max(outcome.seconds * 1000, 0.01)) / _BUCKET)] += 1

    def group(self) -> Group:
        return Group(self.requests, self.failed, *(percentile(self.latencies, share) for share in (0.5, 0.95, 0.99)))


class Tally:
    """Running counts; `acknowledged` and `late_ms` are kept by whoever sends."""

    def __init__(self) -> None:
        self.started = time.time()
        self.acknowledged = 0
        self.late_ms = 0.0
        self._total = _Count()
        self._versions: defaultdict[str, _Count] = defaultdict(_Count)
        self._statuses: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._seconds: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._failed_seconds: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._failures: list[Failure] = []

    def add(self, outcome: Outcome) -> None:
        """Count one finished request."""
        self._total.add(outcome)
        self._versions[outcome.version].add(outcome)
        second = int(outcome.time - self.started)
        self._seconds[second][outcome.version] += 1
        if outcome.status:
            self._statuses[str(outcome.status)] += 1
        if outcome.failure:
            self._failed_seconds[second][outcome.version] += 1
            self._kinds[outcome.failure] += 1
            self._keep(outcome)

    def report(self, *, is_final: bool = False) -> Report:
        """All counts as they are now."""
        return Report(
            started=self.started,
            seconds=time.time() - self.started,
            is_final=is_final,
            requests=self._total.requests,
            failed=self._total.failed,
            acknowledged=self.acknowledged,
            late_ms=round(self.late_ms, 1),
            total=self._total.group(),
            by_version={name: count.group() for name, count in sorted(self._versions.items())},
            by_status=dict(sorted(self._statuses.items())),
            failed_by_kind=dict(self._kinds),
            timeline=tuple(
                _second(number, versions, self._failed_seconds.get(number, Counter()))
                for number, versions in sorted(self._seconds.items())
            ),
            failures=tuple(self._failures),
        )

    def _keep(self, outcome: Outcome) -> None:
        if len(self._failures) < KEPT_FAILURES:
            self._failures.append(
                Failure(outcome.time, outcome.failure, outcome.cause, outcome.request, outcome.version)
            )


def _second(number: int, versions: Counter[str], failed: Counter[str]) -> Second:
    return Second(number, versions.total(), failed.total(), dict(versions), dict(failed))


def percentile(buckets: Counter[int], share: float) -> float:
    """Milliseconds below which `share` of the counted latencies lie; 0 when nothing was counted."""
    seen, wanted = 0, share * buckets.total()
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= wanted:
            return round(math.exp(bucket * _BUCKET), 2)
    return 0.0
