"""The report: a chart that is a picture, numbers that agree with what happened, and words that a person reads."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from matplotlib.image import imread
from ramp_world import World

from tasks.analysis import Batch, Counts
from tasks.case import Case, policy_of
from tasks.facts import Fact
from tasks.figures import MOST_POINTS, points_of
from tasks.probes import NONE
from tasks.records import Record
from tasks.release import Release
from tasks.report import compose_report
from tasks.timeline import Chapter, Moment, read_chapters, write_chapter

START = 1_767_261_600.0


def chapter(world: World, step: str, weight: int, seconds: int, failing: int, began: float = START) -> Chapter:
    """A step in which the candidate fails so many of 10 requests a second, and live 1 of 90."""
    case = Case(policy_of(world.platform.environment.canary))
    moments = []
    for second in range(seconds):
        counts = Counts(10, failing), Counts(90, 1)
        case.see(Batch(began + second, 1, *counts))
        times = began + second, began + second + 1.2
        moments.append(Moment(*times, weight, *counts, 9.0, 8.0, NONE, NONE, case.e_values()))
    lost = began + seconds + 0.3
    fact = Fact("late", "2 requests came late", began, began, 3)
    return Chapter(
        step, began, began + seconds, "v1", "failed", "bad", case.needed(), tuple(moments), (fact,), lost, 3.2
    )


@pytest.fixture
def release(world: World) -> Release:
    where = ("ramp", world.platform.app, "somewhere", "v2", "0" * 40)
    return Release("v2-1", *where, "v2", str(world.source.folder))


def report(world: World, release: Release, *chapters: Chapter) -> tuple[str, dict[str, Any]]:
    for one in chapters:
        write_chapter(release, one)
    text, key = compose_report(Record(release, "run", "running", time.time()), "rolled back", "v2 at 20 %: too bad")
    folder = f"releases/{release.app}/{release.id}/"
    assert key == f"{folder}report.md"
    assert (world.platform.objects.get(key) or b"").decode() == text
    return text, json.loads(world.platform.objects.get(f"{folder}report.json") or b"{}")


def test_the_chart_is_a_picture_that_the_text_shows(world: World, release: Release) -> None:
    text, _ = report(world, release, chapter(world, "020", 20, 5, 3), chapter(world, "watch", 95, 5, 0, START + 5))
    picture = imread(io.BytesIO(world.platform.objects.get(f"releases/{release.app}/v2-1/chart.png") or b""))
    assert picture.shape[:2] == (1100, 1100)
    assert picture.std() > 0.05, "not one colour"
    assert f"(http://127.0.0.1:{world.platform.environment.platform.object_store_port}/" in text
    assert "chart.png?" in text


def test_the_numbers_agree_with_what_happened(world: World, release: Release) -> None:
    text, numbers = report(world, release, chapter(world, "020", 20, 5, 3))
    step = numbers["steps"][0]
    assert step["counts"]["canary"] == {"requests": 50, "failures": 15, "slow": 0}
    assert step["counts"]["live"] == {"requests": 450, "failures": 5, "slow": 0}
    assert (step["weight"], step["acted_ms"], numbers["first_failed_request"]) == (20, 3.2, START)
    last = numbers["curves"][-1]
    assert (last["second"], last["weight"]) == (5.3, 0), "the candidate lost its visitors"
    canary, live = last["failures"]
    assert (canary["rate"], round(live["rate"], 2)) == (30.0, 1.11)
    assert live["low"] < live["rate"] < live["high"] < canary["low"] < canary["rate"] < canary["high"]
    assert last["visitors_against"] >= 1 > last["visitors_for"]
    assert "| canary 20 %: failed | 20 % | 5 s | 50 | 15 | 0 | 450 | 5 | 0 |  | 3 ms |" in text
    assert "- 2 requests came late (and 2 times more)" in text


def test_a_release_that_nobody_was_let_in_to_has_a_report_without_a_chart(world: World, release: Release) -> None:
    text, numbers = report(world, release)
    assert "chart.png" not in text
    assert (numbers["steps"], numbers["curves"]) == ([], [])
    assert "v2 at 20 %: too bad" in text


def test_chapters_are_read_back_as_they_were_written(world: World, release: Release) -> None:
    written = chapter(world, "020", 20, 3, 1)
    write_chapter(release, written)
    assert read_chapters(release) == [written]


def test_a_long_ramp_is_thinned_and_keeps_its_end(world: World) -> None:
    long = chapter(world, "020", 20, 3 * MOST_POINTS, 0)
    points = points_of([long])
    assert MOST_POINTS / 2 < len(points) <= MOST_POINTS + 2
    assert [point.second for point in points[-2:]] == [3 * MOST_POINTS + 0.2, 3 * MOST_POINTS + 0.3]
