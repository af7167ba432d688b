"""The band around a rate: it holds the truth at all times, and narrows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.band import LEVEL, band


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_the_rate_lies_inside_and_the_band_within_0_and_1(requests: int, share: float) -> None:
    bad = round(requests * share)
    low, high = band(requests, bad)
    assert 0 <= low <= bad / requests <= high <= 1


def test_nothing_is_known_before_the_first_request() -> None:
    assert band(0, 0) == (0.0, 1.0)


def test_without_bad_requests_the_upper_end_solves_its_equation() -> None:
    """The wealth against p is 1 / (n + 1) / (1 - p)**n, so it reaches 20 at p = 1 - (20 (n + 1))**(-1 / n)."""
    low, high = band(200, 0)
    assert low == 0
    assert high == pytest.approx(1 - (20 * 201) ** (-1 / 200), abs=1e-6)


def test_the_truth_is_left_at_any_look_in_no_more_ramps_than_the_level() -> None:
    lots, left = random.Random(3), 0
    for _ in range(200):
        bad, out = 0, False
        for requests in range(1, 301):
            bad += lots.random() < 0.05
            if requests % 5 == 0:
                low, high = band(requests, bad)
                out |= not low <= 0.05 <= high
        left += out
    assert left <= 200 * LEVEL * 1.5
