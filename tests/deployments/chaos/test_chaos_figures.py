"""The figures count what the trials found, and a run that was cut short goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deployments.chaos.figures import figures
from deployments.chaos.result import Result, append, read_results

ONE = Result(
    number=1,
    seed=7,
    aim="edge",
    moment="as gates begins",
    version="t001",
    is_bad=False,
    migration="",
    hit={"edge": 1},
    struck_at="gates",
    standing="promoted",
    reason="",
    illegal=(),
    acknowledged=100,
    lost_writes=0,
    locks_left=0,
    orphans=0,
    requests=1000,
    failed=5,
    unavailable_seconds=0.4,
    bad_traffic_seconds=0.0,
    quiet_seconds=12.0,
    seconds=20.0,
)
DEATHS = [replace(ONE, number=n, aim="flow run", standing="rolled back", lease_seconds=float(n)) for n in (2, 3, 9)]
MOOD = replace(ONE, number=4, aim="object store 5xx", standing="failed", quiet_seconds=30.0)


def test_ends_are_counted_by_target_and_by_mood() -> None:
    found = figures(7, [ONE, *DEATHS, MOOD])
    assert (found["trials"], found["illegal"], found["acknowledged_writes"]) == (5, 0, 500)
    assert set(found["by_target"]) == {"edge", "flow run"}
    assert found["by_target"]["flow run"]["outcomes"] == {"rolled back": 3}
    assert found["by_mood"]["object store 5xx"]["quiet_seconds_median"] == 30.0
    assert (found["lease_trials"], found["lease_seconds_median"], found["lease_seconds_max"]) == (3, 3.0, 9.0)
    assert [row["number"] for row in found["details"]] == [1, 2, 3, 4, 9]
    assert not found["is_broken"]


def test_anything_that_may_not_be_breaks_the_run() -> None:
    wrong = (
        replace(ONE, illegal=("weight 20",)),
        replace(ONE, lost_writes=1),
        replace(ONE, locks_left=1),
        replace(ONE, orphans=1),
    )
    assert all(figures(7, [MOOD, one])["is_broken"] for one in wrong)
    assert figures(7, [ONE], lost_later=1)["is_broken"], "a write that a later trial lost"
    assert figures(7, [wrong[0]])["by_target"]["edge"]["outcomes"] == {"illegal": 1}


def test_no_trials_at_all_have_figures_too() -> None:
    found = figures(7, [])
    assert (found["lease_seconds_max"], found["by_target"], found["is_broken"]) == (None, {}, False)


def test_a_run_goes_on_from_its_file_with_the_same_seed_only(tmp_path: Path) -> None:
    file = tmp_path / "chaos.jsonl"
    assert read_results(file, seed=7) == []
    wrong = replace(MOOD, illegal=("weight 20", "the lock is held"))
    for one in (ONE, replace(ONE, seed=8), wrong):
        append(file, one)
    file.write_text(file.read_text() + '{"number": 5, "se')
    assert read_results(file, seed=7) == [ONE, wrong]
    append(file, DEATHS[0])
    assert read_results(file, seed=7) == [ONE, wrong, DEATHS[0]]


def test_a_line_says_what_was_killed_when_and_how_it_ended() -> None:
    assert ONE.line().startswith("trial 1 (seed 7): edge as gates begins, good: struck at gates; promoted; away 0.4 s")
    assert "lease 2.0 s" in DEATHS[0].line()
    assert "ILLEGAL: weight 20" in replace(ONE, illegal=("weight 20",)).line()
