from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from infra.edge.access_log import AccessLog
from infra.edge.tally import HORIZON_SECONDS, Answer, Tally, answer_of

PORT = 8080
GOOD: dict[str, Any] = {
    "level": "info",
    "ts": 1000.5,
    "msg": "handled request",
    "duration": 0.25,
    "status": 200,
    "type": "text/html",
    "header_ms": 9.0,
    "by": "127.0.0.1:1",
    "own": "127.0.0.1:1",
    "slot": "green",
}
BROKEN = {"level": "warn", "ts": 1000.5, "msg": "aborting with incomplete response", "duration": 0.01}


@pytest.mark.parametrize(
    ("change", "is_failure", "ms"),
    [
        ({}, False, 250),
        ({"status": 499}, False, 250),
        ({"status": 404}, False, 250),
        ({"status": 0}, False, 250),
        ({"status": 500}, True, 250),
        ({"status": 503, "by": None, "header_ms": None}, True, 250),
        ({"status": 101}, False, 9),
        ({"type": "text/event-stream; charset=utf-8"}, False, 9),
        ({"type": None}, False, 250),
    ],
)
def test_what_a_line_means(change: dict[str, Any], is_failure: bool, ms: float) -> None:
    assert answer_of(GOOD | change, PORT) == Answer(1000.5, "green", is_failure, ms)


def test_what_the_other_slot_answered_is_a_failure_that_its_visitor_saw_only_where_that_one_failed_too() -> None:
    taken_over = GOOD | {"by": "127.0.0.1:2"}
    assert answer_of(taken_over, PORT) == Answer(1000.5, "green", True, 250, is_rescued=True)
    assert answer_of(taken_over | {"status": 502}, PORT) == Answer(1000.5, "green", True, 250)


@pytest.mark.parametrize(
    ("upstream", "error", "expected"),
    [
        ("{http.vars.green-8080}", "reading: unexpected EOF", Answer(1000.5, "green", True, 10)),
        ("{http.vars.blue-8080}", "reading: context canceled", Answer(1000.5, "blue", False, 10)),
        ("{http.vars.blue-8080}", "writing: write tcp: broken pipe", Answer(1000.5, "blue", False, 10)),
        ("{http.vars.blue-8081}", "reading: unexpected EOF", None),
    ],
)
def test_what_a_broken_answer_means(upstream: str, error: str, expected: Answer | None) -> None:
    assert answer_of(BROKEN | {"upstream": upstream, "error": error}, PORT) == expected


@pytest.mark.parametrize(("said", "variant"), [("on", "on"), ("off", "off"), ("", ""), (None, ""), ("ON; x", "")])
def test_an_answer_may_say_which_way_it_went(said: str | None, variant: str) -> None:
    answer = answer_of(GOOD | {"variant": said}, PORT)
    assert answer
    assert answer.variant == variant


def test_the_two_variants_of_a_slot_are_counted_apart(tmp_path: Path) -> None:
    second = int(time.time()) - 5
    lines = [
        GOOD | {"ts": second + 0.5, "variant": said, "status": status} for said, status in (("on", 500), ("", 200))
    ]
    rows = _tally(tmp_path / "a.log", *lines, lines[0]).counts(second, 500)
    assert [(row.slot, row.variant, row.requests, row.failures) for row in rows] == [
        ("green", "", 1, 0),
        ("green", "on", 2, 2),
    ]


def test_a_line_about_something_else_means_nothing() -> None:
    assert answer_of({"ts": 1.0, "status": 200, "duration": 0}, PORT) is None


def _tally(path: Path, *lines: dict[str, Any]) -> Tally:
    with path.open("a") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)
    return Tally(AccessLog(path), PORT)


def test_p95_is_the_value_that_19_of_20_do_not_exceed(tmp_path: Path) -> None:
    second = int(time.time()) - 5
    lines = [GOOD | {"ts": second + 0.5, "duration": number / 1000} for number in range(1, 101)]
    (row,) = _tally(tmp_path / "a.log", *lines).counts(second, 90)
    assert (row.start, row.slot, row.requests, row.failures, row.slow) == (second, "green", 100, 0, 10)
    assert row.p95_ms == pytest.approx(95, rel=1e-6)


def test_the_running_second_is_not_told_and_neither_is_what_came_before(tmp_path: Path) -> None:
    now = int(time.time())
    lines = [GOOD | {"ts": now + shift} for shift in (-3.5, -2.5, -1.5, 60.5)]
    rows = _tally(tmp_path / "a.log", *lines).counts(now - 3, 500)
    assert [row.start for row in rows] == [now - 3, now - 2]


def test_asking_for_earlier_seconds_than_before_reads_them_again(tmp_path: Path) -> None:
    now = int(time.time())
    tally = _tally(tmp_path / "a.log", GOOD | {"ts": now - 8.5}, GOOD | {"ts": now - 3.5})
    assert [row.start for row in tally.counts(now - 5, 500)] == [now - 4]
    assert [row.start for row in tally.counts(now - 10, 500)] == [now - 9, now - 4]


def test_nothing_older_than_an_hour_is_kept_in_memory(tmp_path: Path) -> None:
    now = int(time.time())
    tally = _tally(tmp_path / "a.log", GOOD | {"ts": now - HORIZON_SECONDS - 60}, GOOD | {"ts": now - 3.5})
    assert [row.start for row in tally.counts(0, 500)] == [now - 4]


def test_a_second_in_which_nobody_came_has_no_row(tmp_path: Path) -> None:
    assert _tally(tmp_path / "a.log").counts(time.time() - 10, 500) == []
