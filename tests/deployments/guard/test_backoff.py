"""Tries become rarer while they fail, and are forgotten after a time of health."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deployments.guard.backoff import Backoff


def waits(backoff: Backoff, tries: int) -> list[float]:
    """Seconds between tries made as soon as they are due."""
    now, found = 100.0, []
    for _ in range(tries):
        assert backoff.is_due(now)
        backoff.tried(now)
        found.append(backoff.wait_seconds)
        assert not backoff.is_due(now + backoff.wait_seconds - 0.01)
        now += backoff.wait_seconds
    return found


def test_waits_double_up_to_the_longest() -> None:
    assert waits(Backoff(1, 60), 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert waits(Backoff(10, 300), 7) == [10, 20, 40, 80, 160, 300, 300]


def test_health_that_lasts_makes_the_next_death_due_at_once() -> None:
    backoff = Backoff(1, 60, healthy_seconds=60)
    waits(backoff, 5)
    last = backoff._last
    backoff.is_well(last + 59)
    assert not backoff.is_due(last + 15)
    backoff.is_well(last + 60)
    assert backoff.is_due(last + 60)
    assert backoff.wait_seconds == 0


@given(st.integers(1, 5000))
def test_the_wait_never_passes_the_longest(tries: int) -> None:
    backoff = Backoff(1, 60)
    for number in range(tries):
        backoff.tried(float(number))
    assert 1 <= backoff.wait_seconds <= 60
