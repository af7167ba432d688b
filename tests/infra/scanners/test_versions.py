"""Ranges are evaluated as the OSV schema says, in each ecosystem's own order of versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import BadInput
from infra.scanners.lockfiles import Ecosystem
from infra.scanners.versions import Event, is_affected

FIXED: list[Event] = [{"introduced": "0"}, {"fixed": "4.17.21"}]
TWO: list[Event] = [{"fixed": "1.2.6"}, {"introduced": "1.0.0"}, {"introduced": "0"}, {"fixed": "0.2.4"}]
LAST: list[Event] = [{"introduced": "1.0"}, {"last_affected": "2.0.1"}]


@pytest.mark.parametrize(
    ("ecosystem", "version", "events", "expected"),
    [
        ("npm", "4.17.15", FIXED, True),
        ("npm", "4.17.21", FIXED, False),
        ("npm", "4.17.21-rc.1", FIXED, True),
        ("npm", "0.0.0-alpha", FIXED, True),
        ("npm", "v4.17.15", FIXED, True),
        ("npm", "4.9.0", FIXED, True),
        ("npm", "0.0.8", TWO, True),
        ("npm", "0.2.4", TWO, False),
        ("npm", "1.2.5", TWO, True),
        ("npm", "1.2.6", TWO, False),
        ("PyPI", "2.0.1", LAST, True),
        ("PyPI", "2.0.2", LAST, False),
        ("PyPI", "2.0.1.post1", LAST, False),
        ("PyPI", "1.0rc1", LAST, False),
        ("PyPI", "1!0.1", LAST, False),
        ("PyPI", "2.10", [{"introduced": "0"}, {"fixed": "2.10.1"}], True),
        ("PyPI", "2.9", [{"introduced": "2.10"}], False),
        ("npm", "2.0.0", [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}, {"introduced": "2.0.0"}], True),
        ("npm", "1.0.0", [], False),
    ],
)
def test_a_version_is_affected_as_the_last_event_before_it_says(
    ecosystem: Ecosystem, version: str, events: list[Event], expected: bool
) -> None:
    assert is_affected(ecosystem, version, events) is expected


@pytest.mark.parametrize(("ecosystem", "version"), [("npm", "latest"), ("npm", ""), ("PyPI", "not.a.version")])
def test_what_cannot_be_compared_is_an_error_and_not_safe(ecosystem: Ecosystem, version: str) -> None:
    with pytest.raises(BadInput, match="cannot be compared"):
        is_affected(ecosystem, version, FIXED)


@pytest.mark.parametrize("events", [[{"introduced": "0", "fixed": "1.0.0"}], [{"introduced": "zero"}], [{}]])
def test_events_that_make_no_sense_are_an_error_and_not_safe(events: list[Event]) -> None:
    with pytest.raises(BadInput):
        is_affected("npm", "1.0.0", events)


VERSIONS = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))


@given(at=VERSIONS, start=VERSIONS, end=VERSIONS)
def test_in_both_ecosystems_a_plain_range_means_from_start_to_before_end(
    at: tuple[int, ...], start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    texts = {name: ".".join(map(str, value)) for name, value in (("at", at), ("start", start), ("end", end))}
    events: list[Event] = [{"fixed": texts["end"]}, {"introduced": texts["start"]}]
    # With start at or after end, the last event at or below the version decides.
    expected = start <= at < end if start < end else at >= start
    assert is_affected("npm", texts["at"], events) is expected
    assert is_affected("PyPI", texts["at"], events) is expected
