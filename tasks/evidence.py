"""Turns what the edge counted into batches for the analysis, each second once, and says where the counts are unsound.

Missing, late, doubled or contradictory counts are facts for people; they are never evidence for or against a version.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from infra.edge import Edge, Slot, SlotCounts, Variant
from infra.edge.uncounted import NoCounts
from infra.environment import Canary
from infra.errors import BadInput, Unreachable
from tasks.analysis import Batch, Counts
from tasks.dial import UNMARKED, Arm, Dial
from tasks.facts import Facts
from tasks.probes import NONE

# How far back seconds that were read before are read again, to find what came too late.
LOOK_BACK_SECONDS = 5


@dataclass(frozen=True)
class Row:
    """What visitors were answered in one batch, by candidate and live. `time` is seconds since the epoch.

    `everyone` is all that the candidate's slot answered, whatever account it is on.
    """

    time: float
    weight: int
    canary: Counts
    live: Counts
    canary_p95_ms: float
    live_p95_ms: float
    everyone: Counts = NONE

    def batch(self, seconds: int) -> Batch:
        """The same for the analysis."""
        return Batch(self.time, seconds, self.canary, self.live)


class Witness:
    """Reads batches of what a dial compares, each batch once."""

    def __init__(self, edge: Edge, dial: Dial, policy: Canary, facts: Facts) -> None:
        self._edge = edge
        self._dial = dial
        self._policy = policy
        self._facts = facts
        self._first = self._next = int(time.time()) // policy.batch_seconds * policy.batch_seconds
        self._taken: dict[tuple[int, Slot, Variant], int] = {}

    def look(self, weight: int) -> list[Row]:
        """The batches that ended since the last look, oldest first, also those in which nobody came.

        When the edge is silent there are none, and the next look has them all.
        """
        size = self._policy.batch_seconds
        now = time.time()
        begin, end = self._next, int(now) // size * size
        if now < begin:
            self._facts.note("clock", f"the clock went back by {begin - now:.0f} s: waiting for it")
        if end <= begin:
            return []
        found = self._ask(begin)
        if found is None:
            return []
        self._next = end
        batches = _by_batch((c for c in found if begin <= c.start < end), size)
        rows = [self._row(start, weight, batches.get(start, [])) for start in range(begin, end, size)]
        return [row for row in rows if row]

    def _ask(self, begin: int) -> list[SlotCounts] | None:
        try:
            found = self._edge.counts(max(begin - LOOK_BACK_SECONDS, self._first), self._policy.slow_ms)
        except NoCounts as nothing:
            # Not silence: there is nothing to wait for. Nobody is seen, so the probes ask.
            self._facts.note("no counts", f"nobody counts visitors here: {nothing.message}")
            return []
        except Unreachable as silence:
            self._facts.note("edge silent", f"the edge gave no counts: {silence.message}")
            return None
        self._compare_with_the_past([c for c in found if c.start < begin])
        self._taken = {(c.start, c.slot, c.variant): c.requests for c in found}
        return found

    def _compare_with_the_past(self, again: list[SlotCounts]) -> None:
        for counts in again:
            before = self._taken.get((counts.start, counts.slot, counts.variant), 0)
            what = f"slot {counts.slot} in the second {_clock(counts.start)}"
            if counts.requests > before:
                self._facts.note("late", f"{counts.requests - before} requests to {what} came after it was read")
            if counts.requests < before:
                self._facts.note("backwards", f"{what} had {before} requests when it was read, now {counts.requests}")

    def _row(self, start: int, weight: int, counts: list[SlotCounts]) -> Row | None:
        seconds = [(c.start, c.slot, c.variant) for c in counts]
        if len(set(seconds)) < len(seconds):
            self._facts.note("doubled", f"a slot is counted twice in the batch {_clock(start)}: it is left out")
            return None
        try:
            canary, canary_p95 = self._arm(counts, "candidate")
            live, live_p95 = self._arm(counts, "live")
            everyone, _ = _sum([c for c in counts if c.slot == self._dial.slot])
        except BadInput as wrong:
            self._facts.note("contradictory", f"the batch {_clock(start)} is left out: {wrong.message}")
            return None
        self._tell_unmarked(start, counts)
        return Row(float(start), weight, canary, live, canary_p95, live_p95, everyone)

    def _arm(self, counts: list[SlotCounts], arm: Arm) -> tuple[Counts, float]:
        return _sum([c for c in counts if self._dial.arm(c) == arm])

    def _tell_unmarked(self, start: int, counts: list[SlotCounts]) -> None:
        unmarked = [c for c in counts if c.slot == self._dial.slot and self._dial.arm(c) is None]
        if unmarked:
            asked, failed = sum(c.requests for c in unmarked), sum(c.failures for c in unmarked)
            self._facts.note("unmarked", f"in the batch {_clock(start)}, {asked} {UNMARKED}; {failed} of them failed")


def _by_batch(found: Iterable[SlotCounts], size: int) -> dict[int, list[SlotCounts]]:
    batches: dict[int, list[SlotCounts]] = defaultdict(list)
    for counts in found:
        batches[counts.start // size * size].append(counts)
    return batches


def _sum(counts: list[SlotCounts]) -> tuple[Counts, float]:
    """Raises BadInput when a count contradicts another."""
    each = [Counts(c.requests, c.failures, c.slow) for c in counts]
    return sum(each, start=Counts(0, 0, 0)), max((c.p95_ms for c in counts), default=0.0)


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds))
