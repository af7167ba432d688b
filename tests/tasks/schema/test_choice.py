"""The way back of a schema follows from what was seen, and its sentence has the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.schema.contents import Contents
from tasks.schema.choice import Seen, choose

EMPTY, FILLED = Contents("public.t", "c", 0, "0"), Contents("public.t", "c", 100, "77")
RULE = "SELECT 1"
CLEAN = Seen(True, (), {RULE: 0}, {RULE: 0}, {RULE: 0}, (EMPTY,), (EMPTY,))


def test_a_schema_that_was_not_changed_needs_no_way_back() -> None:
    assert choose(replace(CLEAN, is_changed=False)).way == "nothing"


@pytest.mark.parametrize(
    "seen",
    [
        CLEAN,
        replace(CLEAN, contents_then=(FILLED,), contents_now=(FILLED,)),
        replace(CLEAN, contents_then=(FILLED,), contents_now=(EMPTY,)),
        replace(CLEAN, contents_then=None, broken_then=None, contents_now=(FILLED,)),
        replace(CLEAN, broken_before={RULE: 4}, broken_then={RULE: 4}, broken_now={RULE: 3}),
        replace(CLEAN, broken_before={RULE: -1}, broken_then={RULE: 0}, broken_now={RULE: -1}),
    ],
    ids=["empty", "only the backfill's", "emptied", "died on the way", "wrong before", "could not be asked before"],
)
def test_what_nobody_wrote_into_is_undone(seen: Seen) -> None:
    assert choose(seen).way == "undo"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (replace(FILLED, rows=112, digest="9"), "12 rows more than the migration left"),
        (replace(FILLED, digest="9"), "other values than it left"),
        (Contents("public.new", "", 3, "1"), "public.new has 3 rows more than the migration left (3 rows now, 0 right"),
    ],
)
def test_what_was_written_into_is_left_with_the_count(now: Contents, said: str) -> None:
    choice = choose(replace(CLEAN, contents_then=(FILLED,), contents_now=(now,)))
    assert choice.way == "leave"
    assert said in choice.reason


def test_a_revision_without_a_way_back_is_left() -> None:
    choice = choose(replace(CLEAN, one_way=("0007",)))
    assert (choice.way, choice.reason) == ("leave", "0007 cannot be undone, as its author says")


@pytest.mark.parametrize(
    "seen",
    [
        replace(CLEAN, broken_then={RULE: 2}, broken_now={RULE: 2}),
        replace(CLEAN, broken_then={RULE: 2}, broken_now={RULE: 0}, contents_now=(FILLED,)),
        replace(CLEAN, broken_then=None, contents_then=None, broken_now={RULE: 2}),
    ],
    ids=["right after", "even when mended and written to", "died on the way"],
)
def test_data_that_the_migration_damaged_is_restored(seen: Seen) -> None:
    choice = choose(seen)
    assert choice.way == "restore"
    assert "2 rows over 0 in 'SELECT 1'" in choice.reason


def test_data_that_went_wrong_later_is_no_reason_to_throw_everybodys_writes_away() -> None:
    choice = choose(replace(CLEAN, broken_now={RULE: 5}))
    assert choice.way == "undo"
    assert "since then, not by the migration: 5 rows over 0" in choice.reason
