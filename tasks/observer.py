"""Looks after one version while it has visitors: counts, probes and health into one ruling, about once a second."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from tasks.analysis import Batch
from tasks.case import Case, Ruling
from tasks.dial import Dial
from tasks.evidence import Row, Witness
from tasks.facts import Facts
from tasks.probes import NONE, Probed, Probes, Pulse, paths_to_probe
from tasks.release import Release
from tasks.timeline import Chapter, Moment

# Counts of a second are whole a fifth of a second after it ended.
SETTLED_SECONDS = 0.22
LONGEST_NAP_SECONDS = 0.5
# Visitors are few when they were few over so many seconds.
QUIET_SECONDS = 10
# Shorter than two naps, or every other second would be left out.
PROBE_EVERY_SECONDS = 0.9
# Once the probes have said what they can, one in ten goes on: something may still break.
IDLE_SHARE = 0.1


@dataclass(frozen=True)
class Pair:
    """What to compare, and where the versions are asked (no second one: nothing beside it to ask)."""

    dial: Dial
    candidate: str
    live: str | None


@dataclass
class Observer:
    """`weight` is what the judged version gets, for the record; `moments` is that record. Close it after use."""

    release: Release
    pair: Pair
    case: Case
    facts: Facts
    weight: int
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        canary, manifest = self.release.settings.canary, self.release.source.manifest
        self._policy = canary
        self._witness = Witness(self.release.platform.edge, self.pair.dial, canary, self.facts)
        headers = self.release.platform.address_headers
        self._probes = Probes(self.pair.candidate, self.pair.live, paths_to_probe(manifest), canary, headers)
        self._pulse = Pulse(self.pair.candidate + manifest.health.path, canary, headers)
        self._recent: deque[int] = deque(maxlen=max(1, QUIET_SECONDS // canary.batch_seconds))
        self._probed_at = 0.0
        self._began = time.time()

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *_: object) -> None:
        self._probes.close()
        self._pulse.close()

    @property
    def is_quiet(self) -> bool:
        """Whether visitors are too few: known after two batches, as the first is only a part of one. Probes bear
        no visitor's key, so they cannot stand in for those for whom a flag is on."""
        if len(self._recent) < 2 or self.pair.dial.second != "probes":
            return False
        per_second = sum(self._recent) / (len(self._recent) * self._policy.batch_seconds)
        return per_second < self._policy.probe_below_requests_per_second

    def nap(self) -> None:
        """Wait until there may be something new."""
        now = time.time()
        settled = (now - SETTLED_SECONDS) // 1 + 1 + SETTLED_SECONDS
        time.sleep(min(LONGEST_NAP_SECONDS, max(0.01, settled - now)))

    def look(self) -> Ruling:
        """Take in what is new; never waits for the versions, only for the edge's counts."""
        for healthy in self._pulse.take():
            self.case.health(healthy)
        self._pulse.ask()
        for row in self._witness.look(self.weight):
            self._see(row)
        probed = self._probes.take()
        if probed:
            self._probe(probed)
        ruling = self.case.ruling(is_quiet=self.is_quiet)
        self._ask_more()
        return ruling

    def _see(self, row: Row) -> None:
        self._recent.append(row.canary.requests)
        self.case.see(row.batch(self._policy.batch_seconds))
        if self.pair.dial.second == "everyone":
            self.case.probe(Batch(row.time, self._policy.batch_seconds, row.everyone, NONE))
        p95s = row.canary_p95_ms, row.live_p95_ms
        evidence = self.case.e_values()
        self.moments.append(
            Moment(row.time, time.time(), row.weight, row.canary, row.live, *p95s, NONE, NONE, evidence)
        )

    def _probe(self, probed: Probed) -> None:
        self.case.probe(Batch(probed.start, probed.seconds, probed.canary, probed.live))
        evidence = self.case.e_values()
        sides = probed.canary, probed.live
        self.moments.append(Moment(probed.start, time.time(), self.weight, NONE, NONE, 0.0, 0.0, *sides, evidence))

    def _ask_more(self) -> None:
        if not self.is_quiet or time.monotonic() - self._probed_at < PROBE_EVERY_SECONDS:
            return
        self._probed_at = time.monotonic()
        is_done = self.case.probes.verdict.outcome == "pass"
        self._probes.ask(IDLE_SHARE if is_done else 1.0)

    def chapter(
        self, step: str, live: str, outcome: str, sentence: str, decided: float | None, acted_ms: float | None
    ) -> Chapter:
        """All that was seen, for the report."""
        needed, facts = self.case.needed(), self.facts.all()
        times = self._began, time.time()
        return Chapter(step, *times, live, outcome, sentence, needed, tuple(self.moments), facts, decided, acted_ms)
