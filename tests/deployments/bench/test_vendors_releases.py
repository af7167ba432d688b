"""What counts as wrong after a whole release in bad weather: each of it is found, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State, StateType

from deployments.bench.vendors_moods import Cell
from deployments.bench.vendors_release_ends import Seen, problems
from deployments.bench.vendors_release_field import BAD, GOOD
from deployments.bench.vendors_releases import LEFT_OUT, WEATHER, Try, _wrong_end
from deployments.json_lines import append_line, read_lines

WELL = Seen(
    live="v2",
    weight=0,
    is_rolling=False,
    is_job_open=False,
    served=frozenset({"v2"}),
    copies=1,
    holder="",
    open_records=0,
    slots=0,
    scratch=0,
    restores=0,
    is_read_only=False,
    branches=0,
    untold=0,
    open_checks=(),
    shown=("success",),
    commit_status="success",
    incidents=frozenset(),
    purges=2,
    standing="promoted",
    release="v2-1",
)
BACK = replace(
    WELL,
    live="v1",
    served=frozenset({"v1"}),
    shown=("failure",),
    commit_status="failure",
    incidents=frozenset({"release-v2-1"}),
    standing="rolled back",
)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a share": ({"weight": 50}, "share of 50 %"),
    "a rolling release": ({"is_rolling": True}, "share of 0 %"),
    "a job": ({"is_job_open": True}, "still under way"),
    "another version is live": ({"live": "v1"}, "says that v1 is live, not v2"),
    "some visitors get another": ({"served": frozenset({"v1", "v2"})}, "visitors got v1 instead of v2"),
    "a second copy": ({"copies": 2}, "1 copies of the version"),
    "the lock": ({"holder": "release of shop"}, "held by the release of shop"),
    "a record": ({"open_records": 1}, "1 open records"),
    "the log": ({"slots": 1}, "1 held logs"),
    "a scratch database": ({"scratch": 2}, "2 scratch databases"),
    "a restore": ({"restores": 1}, "1 restores that nobody asked for"),
    "read only": ({"is_read_only": True}, "may only be read"),
    "a branch": ({"branches": 1}, "1 branches"),
    "an untold end": ({"untold": 1}, "1 releases are not told"),
    "an open check": ({"open_checks": ("unit tests",)}, "open checks: unit tests"),
    "two deployments at GitHub": ({"shown": ("success", "success")}, "not one deployment with success"),
    "none at GitHub": ({"shown": ()}, "not one deployment with success"),
    "a pending commit": ({"commit_status": "pending"}, "and pending, not one deployment"),
    "a record that says otherwise": (
        {"standing": "failed", "shown": ("error",), "commit_status": "error"},
        "says failed",
    ),
    "an old page": ({"purges": 1}, "the cache was not purged"),
}


def test_nothing_is_wrong_where_nothing_is() -> None:
    assert list(problems(WELL, "Promoted", "v2", 1)) == []
    assert list(problems(BACK, "RolledBack", "v1", 2)) == []
    untouched = replace(WELL, live="v1", served=frozenset({"v1"}), standing="", shown=(), commit_status="", purges=1)
    assert list(problems(untouched, "Refused", "v1", 1)) == []
    told = replace(WELL, purges=1, incidents=frozenset({"purge-v2-1"}))
    assert list(problems(told, "Promoted", "v2", 1)) == [], "a cache that could not be purged was told"


@pytest.mark.parametrize("name", WRONG)
def test_each_thing_that_is_wrong_is_found(name: str) -> None:
    change, said = WRONG[name]
    found = list(problems(replace(WELL, **change), "Promoted", "v2", 1))
    assert len(found) == 1, found
    assert said in found[0]


def test_a_definite_no_of_github_keeps_nothing_but_its_own_part_from_being_judged() -> None:
    pending = replace(WELL, commit_status="pending", untold=1)
    assert list(problems(pending, "Promoted", "v2", 1, is_refused=True)) == []
    assert len(list(problems(replace(pending, weight=50), "Promoted", "v2", 1, is_refused=True))) == 1


def test_who_goes_back_tells_somebody() -> None:
    silent = replace(BACK, incidents=frozenset())
    assert list(problems(silent, "RolledBack", "v1", 2)) == ["it was rolled back, and no incident tells of it"]
    assert list(problems(silent, "WayBackFailed", "v1", 2)) == ["its way back failed, and no P1 tells of it"]


def ended(name: str, message: str = "why") -> State[Any]:
    return State(type=StateType.COMPLETED, name=name, message=message)


def test_an_end_that_is_none_a_bad_version_that_is_promoted_and_silence_are_illegal() -> None:
    good = Try(GOOD, "Vercel", "getProject", "lost", "lost", 0, False)
    assert list(_wrong_end(good, ended("Promoted"))) == []
    assert "it ended Crashed" in next(iter(_wrong_end(good, ended("Crashed"))))
    assert "was promoted" in next(iter(_wrong_end(replace(good, scenario=BAD), ended("Promoted"))))
    assert "says nothing of why" in next(iter(_wrong_end(good, ended("RolledBack", ""))))


def test_what_is_left_out_is_weather_that_there_is() -> None:
    assert {name for name, _ in LEFT_OUT} <= {name for name, _, _ in WEATHER}


def test_a_run_that_was_cut_short_goes_on_from_its_last_whole_line(tmp_path: Path) -> None:
    cells = [Cell("Vercel", GOOD, name, "lost", False, "Promoted", "", 1.0) for name in ("a", "b")]
    out = tmp_path / "cells.jsonl"
    append_line(out, vars(cells[0]))
    with out.open("a") as file:
        file.write('{"vendor": "Ver')
    append_line(out, vars(cells[1]))
    assert [Cell(**row) for row in read_lines(out)] == cells
    assert Try(GOOD, "Vercel", "b", "lost", "lost", 0.0, False).is_of(cells[1])
    assert not Try(GOOD, "Vercel", "b", "lost", "lost", 0.0, True).is_of(cells[1])
