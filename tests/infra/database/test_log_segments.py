"""Positions, segments and timelines, and the holes that must be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.database.log_segments import (
    SEGMENT_BYTES,
    Branch,
    branches,
    check_complete,
    log_file,
    numbered,
    position,
    segment_name,
    segment_number,
    segments_between,
)
from infra.database.targets import target_of
from infra.errors import BadInput, Rejected

HISTORY = "1\t0/3000000\tno recovery target specified\n2\t0/5800000\tbefore 2026-11-23\n"


@given(st.integers(1, 2**32 - 1), st.integers(0, 2**40 - 1))
def test_a_segments_name_and_number_lead_to_each_other(timeline: int, number: int) -> None:
    assert numbered(segment_name(timeline, number)) == (timeline, number)


def test_names_follow_each_other_as_postgres_counts_them() -> None:
    assert segment_name(1, 255) == "0000000100000000000000FF"
    assert segment_name(1, 256) == "000000010000000100000000"
    assert segment_number(position("1/2A000028")) == 256 + 0x2A


@pytest.mark.parametrize("lsn", ["", "0", "g/0", "0/123456789", "0/0 "])
def test_what_is_no_position_is_refused(lsn: str) -> None:
    with pytest.raises(BadInput, match="no position"):
        position(lsn)


@pytest.mark.parametrize("name", ["", "../secrets", "00000001000000000000000g", "backup_label", "0000000100.history"])
def test_only_what_postgres_archives_has_a_place(name: str) -> None:
    with pytest.raises(BadInput, match="nothing that Postgres archives"):
        log_file(name)


def test_each_segment_is_taken_from_the_newest_timeline_that_has_it() -> None:
    way = branches(3, HISTORY)
    assert way == [Branch(1, 3 * SEGMENT_BYTES), Branch(2, position("0/5800000")), Branch(3, None)]
    found = [int(name[:8], 16) for name in segments_between(1, 7, way)]
    assert found == [1, 1, 2, 2, 3, 3, 3]


@given(st.integers(0, 1000), st.integers(1, 60), st.data())
def test_any_missing_segment_is_named(first: int, count: int, data: st.DataObject) -> None:
    needed = segments_between(first, first + count - 1, [Branch(1, None)])
    check_complete(needed, needed)
    gone = data.draw(st.sampled_from(needed))
    with pytest.raises(Rejected, match=f"1 of {count} segments are missing: {gone}"):
        check_complete(needed, set(needed) - {gone})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "0 targets were given"),
        ({"to_time": "2026-01-01T00:00:00Z", "to_latest": True}, "2 targets were given"),
        ({"to_time": "yesterday"}, "is no time"),
        ({"to_time": "2026-01-01T00:00:00"}, "names no zone"),
    ],
)
def test_one_target_that_can_be_understood_is_needed(asked: dict[str, str | bool], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        target_of(**asked)  # type: ignore[arg-type] # texts and one boolean
