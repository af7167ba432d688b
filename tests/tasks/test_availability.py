"""The error budget: what is counted for it, once, and what is left of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.edge import SlotCounts
from infra.environment import Objective
from infra.errors import Rejected
from tasks import environment_text
from tasks.analysis.error_budget import Budget
from tasks.availability import Availability, Day, read_availability, with_probes, with_visitors, without

MIDNIGHT = 1_767_225_600  # 2026-01-01 00:00 UTC


def row(start: int, requests: int, failures: int) -> SlotCounts:
    return SlotCounts(start, "blue", requests, failures, 0, 10.0)


def test_a_tenth_of_what_may_fail_leaves_nine_tenths() -> None:
    budget = Budget(0.999, 100_000, 10)
    assert budget.allowed == pytest.approx(100)
    assert budget.left == pytest.approx(0.9)


def test_a_broken_promise_is_below_nothing_and_nobody_asked_is_all_of_it() -> None:
    assert Budget(0.999, 1000, 2).left == pytest.approx(-1)
    assert Budget(0.999, 0, 0).left == 1.0
    with pytest.raises(ValueError, match="cannot be"):
        Budget(0.999, 1, 2)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30), st.integers(0, 30))
def test_however_often_it_is_counted_every_second_is_counted_once(seconds: list[tuple[int, int]], cut: int) -> None:
    rows = [row(MIDNIGHT + at, good + bad, bad) for at, (good, bad) in enumerate(seconds)]
    start = Availability(until=MIDNIGHT)
    first = with_visitors(start, MIDNIGHT, rows[:cut], MIDNIGHT + min(cut, len(rows)))
    # The edge is asked from before the end of what is counted already, as after a run that was killed.
    twice = with_visitors(first, MIDNIGHT, rows, MIDNIGHT + len(rows) + 0.7)
    assert twice.budget(0.999, 1, MIDNIGHT).requests == sum(good + bad for good, bad in seconds)
    assert twice.budget(0.999, 1, MIDNIGHT).failures == sum(bad for _, bad in seconds)
    assert twice.missed(1, MIDNIGHT) == 0


def test_days_are_utc_and_those_outside_the_window_do_not_count() -> None:
    rows = [row(MIDNIGHT - 1, 10, 5), row(MIDNIGHT, 7, 1)]
    found = with_visitors(Availability(until=MIDNIGHT - 60), MIDNIGHT - 60, rows, MIDNIGHT + 60)
    assert found.days == {"2025-12-31": Day(10, 5), "2026-01-01": Day(7, 1)}
    assert found.budget(0.9, 1, MIDNIGHT + 60).failures == 1
    assert found.budget(0.9, 2, MIDNIGHT + 60).failures == 6


def test_what_nobody_counted_is_said() -> None:
    before = Availability(until=MIDNIGHT)
    found = with_visitors(before, MIDNIGHT + 7200, [row(MIDNIGHT + 7300, 1000, 0)], MIDNIGHT + 10_800)
    assert found.missed(30, MIDNIGHT + 10_800) == 7200
    text = environment_text.error_budgets({"shop": found}, Objective(), MIDNIGHT + 10_800)
    assert "without 2.0 hours that nobody counted" in text


def test_what_was_missed_is_forgotten_with_its_day() -> None:
    found = without(Availability(until=MIDNIGHT), MIDNIGHT + 7200)
    assert found.missed(30, MIDNIGHT + 7200) == 7200
    assert found.missed(30, MIDNIGHT + 40 * 86_400) == 0
    assert without(Availability(), MIDNIGHT).missed(30, MIDNIGHT) == 0, "before the first count nothing was promised"


def test_a_visitor_whom_the_other_slot_answered_well_saw_no_failure() -> None:
    taken_over = SlotCounts(MIDNIGHT, "green", 10, 4, 0, 10.0, "", 3)
    found = with_visitors(Availability(until=MIDNIGHT), MIDNIGHT, [taken_over], MIDNIGHT + 1)
    assert found.days == {"2026-01-01": Day(10, 1)}


def test_a_count_that_cannot_be_read_takes_no_other_with_it() -> None:
    apps = {"good": with_probes(Availability(), [True], MIDNIGHT), "bad": Rejected("it is | no count")}
    text = environment_text.error_budgets(apps, Objective(), MIDNIGHT)
    assert "| good | 100.0% |" in text
    assert "| bad | not known | | it is \\| no count |" in text


def test_probes_are_counted_as_probes_and_a_broken_promise_stands_out() -> None:
    found = with_probes(Availability(), [True, False, True], MIDNIGHT)
    assert found.days == {"2026-01-01": Day(3, 1)}
    text = environment_text.error_budgets({"shop": found}, Objective(), MIDNIGHT)
    assert "by probes" in text
    assert "the promise is broken" in text


@dataclass
class Shelf:
    """A store with one thing in it."""

    kept: bytes

    def get(self, _key: str) -> bytes | None:
        return self.kept

    def read(self) -> Availability:
        return read_availability(self, "shop")  # type: ignore[arg-type]  # it is only read


def test_what_is_kept_is_read_back_and_what_is_no_count_is_refused() -> None:
    kept = Availability(5.0, "visitors", {"2026-01-01": Day(3, 1, 2.5)})
    assert Shelf(json.dumps(asdict(kept)).encode()).read() == kept
    for nonsense in (b"{", b"[]", b'{"until": 1}', b'{"until": 1, "by": "x", "days": {"a": {"b": 1}}}'):
        with pytest.raises(Rejected, match="is no count of requests"):
            Shelf(nonsense).read()
