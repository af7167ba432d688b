"""Counts of the edge become batches; what is missing, late, doubled or contradictory is a fact and no verdict."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from infra.edge import Route, Slot, SlotCounts, Target
from infra.edge.uncounted import NoCounts
from infra.environment import Canary
from infra.errors import Unreachable
from tasks.analysis import Counts
from tasks.dial import Traffic
from tasks.evidence import Row, Witness
from tasks.facts import Facts

START = 1_000_000


class ScriptedEdge:
    """An edge that counts what it is told to, as a vendor's might: silent, late, twice, or nonsense."""

    def __init__(self) -> None:
        self.rows: list[SlotCounts] = []
        self.is_silent = False
        self.counts_nobody = False

    def count(self, second: int, slot: Slot, requests: int, failures: int = 0) -> None:
        self.rows.append(SlotCounts(START + second, slot, requests, failures, 0, 12.0))

    def counts(self, since: float, slow_ms: float) -> list[SlotCounts]:
        if self.counts_nobody:
            raise NoCounts("the vendor does not count by the second")
        if self.is_silent:
            raise Unreachable("GET metrics: no answer in 5 s")
        return [row for row in self.rows if row.start >= since]

    def route(self) -> Route:
        return Route("blue", 0, None, None)

    def attach(self, slot: Slot, target: Target) -> None: ...
    def weigh(self, weight: int) -> None: ...
    def make_live(self, slot: Slot) -> None: ...
    def detach(self, slot: Slot) -> None: ...


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock, in seconds after the start."""

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: START + seconds)

    set_clock(0)
    return set_clock


class Desk:
    """A witness with its edge, its facts and what it said."""

    def __init__(self, batch_seconds: int = 1) -> None:
        self.edge, self.said = ScriptedEdge(), list[str]()
        self.facts = Facts(self.said.append)
        self.witness = Witness(self.edge, Traffic(self.edge, "green"), Canary(batch_seconds=batch_seconds), self.facts)

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts.all()]

    def look(self) -> list[Row]:
        return self.witness.look(20)


def test_each_second_is_read_once_with_both_slots_also_when_nobody_came(at: Callable[[float], None]) -> None:
    desk = Desk()
    desk.edge.count(0, "green", 3, 1)
    desk.edge.count(0, "blue", 40)
    desk.edge.count(2, "blue", 7)
    at(3.3)
    rows = desk.look()
    assert [(row.time - START, row.canary, row.live) for row in rows] == [
        (0, Counts(3, 1), Counts(40, 0)),
        (1, Counts(0, 0), Counts(0, 0)),
        (2, Counts(0, 0), Counts(7, 0)),
    ]
    assert desk.look() == []
    assert desk.kinds() == []


def test_longer_batches_add_up_their_seconds(at: Callable[[float], None]) -> None:
    desk = Desk(batch_seconds=5)
    for second in range(7):
        desk.edge.count(second, "green", 2)
    at(7.5)
    assert [row.canary.requests for row in desk.look()] == [10]


def test_a_silent_edge_is_a_fact_and_its_seconds_are_read_when_it_speaks_again(at: Callable[[float], None]) -> None:
    desk = Desk()
    desk.edge.is_silent = True
    for second in (1.3, 2.3, 3.3):
        at(second)
        assert desk.look() == []
    assert [(fact.kind, fact.times) for fact in desk.facts.all()] == [("edge silent", 3)]
    assert desk.said == ["data: the edge gave no counts: GET metrics: no answer in 5 s"]
    desk.edge.is_silent = False
    desk.edge.count(1, "green", 4)
    at(4.3)
    assert sum(row.canary.requests for row in desk.look()) == 4


def test_an_edge_that_counts_nobody_is_a_fact_and_every_second_is_without_visitors(at: Callable[[float], None]) -> None:
    desk = Desk()
    desk.edge.counts_nobody = True
    at(2.3)
    assert [row.canary for row in desk.look()] == [Counts(0, 0), Counts(0, 0)]
    at(3.3)
    assert len(desk.look()) == 1, "its seconds are over: nothing is waited for"
    assert [(fact.kind, fact.times) for fact in desk.facts.all()] == [("no counts", 2)]


def test_requests_that_come_after_their_second_was_read_are_a_fact(at: Callable[[float], None]) -> None:
    desk = Desk()
    desk.edge.count(0, "green", 3)
    at(1.3)
    desk.look()
    desk.edge.rows = [SlotCounts(START, "green", 5, 5, 0, 1.0)]
    at(2.3)
    assert desk.look()[0].canary == Counts(0, 0)
    assert [fact.text for fact in desk.facts.all()] == [
        "2 requests to slot green in the second 13:46:40 came after it was read"
    ]


def test_counts_that_go_backwards_are_a_fact(at: Callable[[float], None]) -> None:
    desk = Desk()
    desk.edge.count(0, "green", 3)
    at(1.3)
    desk.look()
    desk.edge.rows = [SlotCounts(START, "green", 1, 0, 0, 1.0)]
    at(2.3)
    desk.look()
    assert desk.kinds() == ["backwards"]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [([(3, 0), (3, 0)], "doubled"), ([(3, 4)], "contradictory"), ([(-1, 0)], "contradictory")],
)
def test_a_batch_that_cannot_be_right_is_left_out(
    at: Callable[[float], None], rows: list[tuple[int, int]], kind: str
) -> None:
    desk = Desk()
    for requests, failures in rows:
        desk.edge.count(0, "green", requests, failures)
    desk.edge.count(1, "green", 6)
    at(2.3)
    assert [row.canary.requests for row in desk.look()] == [6]
    assert desk.kinds() == [kind]


def test_a_clock_that_goes_back_stops_the_reading_and_repeats_nothing(at: Callable[[float], None]) -> None:
    desk = Desk()
    desk.edge.count(0, "green", 3)
    at(1.3)
    desk.look()
    at(-20)
    assert desk.look() == []
    at(1.5)
    assert desk.look() == []
    assert desk.kinds() == ["clock"]
