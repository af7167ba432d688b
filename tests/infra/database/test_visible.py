"""A snapshot's transactions, against Postgres itself and over the end of the 32-bit numbers."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.database.visible import Visible, visible

ROUND = 1 << 32


@pytest.mark.parametrize(
    ("number", "is_seen"), [(9, True), (10, True), (11, False), (12, True), (13, False), (99, False)]
)
def test_what_ended_before_the_end_and_was_not_running_is_seen(number: int, is_seen: bool) -> None:
    assert visible("10:13:11").has(number) is is_seen


def test_without_running_ones_only_the_end_counts() -> None:
    assert visible("10:10:") == Visible(10, frozenset())
    assert visible("10:10:").has(9)
    assert not visible("10:10:").has(10)


@given(st.integers(ROUND // 2, 1 << 60), st.integers(-(ROUND // 2) + 1, ROUND // 2 - 1))
def test_numbers_that_began_anew_are_placed_by_the_nearest(end: int, distance: int) -> None:
    full = end + distance
    assert Visible(end, frozenset()).has(full % ROUND) is (full < end)
    assert not Visible(end, frozenset({full})).has(full % ROUND)


def test_postgres_own_snapshot_sees_what_was_committed_and_not_what_runs(scratch_url: str) -> None:
    with psycopg.connect(scratch_url, autocommit=True) as one, psycopg.connect(scratch_url) as other:
        done = one.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        running = other.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        later = one.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        text = one.execute("SELECT pg_current_snapshot()::text").fetchone()
        after = one.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert done
    assert running
    assert later
    assert text
    assert after
    found = visible(str(text[0]))
    assert [found.has(int(number[0]) % ROUND) for number in (done, running, later, after)] == [True, False, True, False]
