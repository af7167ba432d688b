"""A flag is turned up on a real edge as traffic is: judged by variant, off again at once, never on somebody else's."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from flag_world import dark
from ramp_world import World, visitors, wait_until

from infra.edge import Slot, SlotCounts, Variant
from infra.flags.local import LocalFlags
from tasks.climb import Step, climb
from tasks.dial import Flag
from tasks.notes import read_notes
from tasks.outcomes import Aborted, CanaryFailed, GateClosed, Undecided
from tasks.ramp_flag import goes_by_flag, put_flag_back, turn_flag_off, turn_flag_on
from tasks.records import request_abort
from tasks.release import Release


def go(release: Release, flag: str, weight: int = 25, evidence: str = "") -> Step:
    return climb(release, Flag(release.platform.flags, flag, "green"), weight, evidence, lambda *_: None)


def in_world(world: World, more: str = "") -> None:
    world.place.write(f'by = "flag"\n{more}')


def test_a_good_flag_goes_up_on_the_visitors_who_have_it_beside_those_who_do_not(world: World, tmp_path: Path) -> None:
    release, flag = dark(world, tmp_path)
    with visitors(world.platform) as statuses:
        first = go(release, flag, 25)
        second = go(release, flag, 60, first.evidence)

    assert world.platform.flags.percentage(flag) == 60
    assert set(statuses) == {200}
    assert "on v2 with new-checkout off" in first.sentence
    assert int(second.sentence.split(" of ")[1].split()[0]) > first.requests >= 20
    chapter = world.chapter(release)
    assert (chapter.step, chapter.live) == ("flag-060", "v2 with new-checkout off")
    here, there = (sum(getattr(one, side).requests for one in chapter.moments) for side in ("canary", "live"))
    assert here > 10
    assert there > 5


def test_a_flag_whose_release_dies_goes_off_by_itself(world: World, tmp_path: Path) -> None:
    release, flag = dark(world, tmp_path)
    dial = Flag(release.platform.flags, flag, "green")
    dial.lend(2)
    dial.set(60)
    assert dial.weight() == 60
    with visitors(world.platform):
        wait_until("the loan is over", lambda: dial.weight() == 0)
        over = math.ceil(time.time())
        wait_until("visitors come", lambda: any(one.requests for one in world.platform.edge.counts(over, 1000)))
        after = world.platform.edge.counts(over, 1000)
    assert {one.variant for one in after if one.requests} == {"off"}


def test_a_bad_flag_is_off_for_everyone_at_once_and_the_others_never_noticed(world: World, tmp_path: Path) -> None:
    release, flag = dark(world, tmp_path, "v3")
    with visitors(world.platform), pytest.raises(CanaryFailed, match=r"^v3 with one-click on at 25 %: .* failed"):
        go(release, flag)

    assert world.platform.flags.percentage(flag) == 0
    chapter = world.chapter(release)
    assert chapter.acted_ms is not None
    assert sum(one.live.failures for one in chapter.moments) == 0, "visitors without the flag"
    assert sum(one.live.requests for one in chapter.moments) > 20
    assert world.platform.edge.route().live == "green", "the rest of the way back comes after it"
    with visitors(world.platform) as statuses:
        wait_until("visitors come", lambda: len(statuses) > 30)
    assert set(statuses) == {200}


def test_a_flag_that_nobody_meets_never_passes_on_probes(world: World, tmp_path: Path) -> None:
    world.place.write(timeout=3)
    release, flag = dark(world, tmp_path)
    with pytest.raises(Undecided, match="the candidate got no requests yet, so nothing is known"):
        go(release, flag)
    assert world.platform.flags.percentage(flag) == 0


def test_an_abort_turns_it_off(world: World, tmp_path: Path) -> None:
    release, flag = dark(world, tmp_path)
    request_abort(world.platform.objects, release.app, release.id, "Eve is worried")
    with pytest.raises(Aborted, match="Eve is worried"):
        go(release, flag)
    assert world.platform.flags.percentage(flag) in (None, 0)


def test_it_is_off_and_noted_before_anybody_gets_the_version_and_off_again_on_the_way_back(
    world: World, tmp_path: Path
) -> None:
    release, flag = dark(world, tmp_path)
    in_world(world)
    assert turn_flag_off.fn(release) == flag
    (note,) = read_notes(release)
    assert (note.stage, note.facts) == ("flag", {"flag": flag})
    world.platform.flags.set(flag, 40)
    assert turn_flag_off.fn(release) == flag, "our own, from before a crash"
    world.platform.flags.set(flag, 40)
    assert put_flag_back.fn(release, note.facts) == f"flag {flag} off"
    assert put_flag_back.fn(release, note.facts) == f"flag {flag} off"
    assert world.platform.flags.percentage(flag) == 0


def test_a_flag_that_somebody_else_is_turning_up_closes_the_gate(world: World, tmp_path: Path) -> None:
    release, flag = dark(world, tmp_path)
    world.platform.flags.set(flag, 40)
    with pytest.raises(GateClosed, match=r"flag new-checkout at ramp: on for 40 %, expected 0 %"):
        turn_flag_off.fn(release)
    assert (world.platform.flags.percentage(flag), read_notes(release)) == (40, [])


def test_what_decides_whether_the_flag_or_the_traffic_ramps(world: World, tmp_path: Path) -> None:
    release, flag = dark(world, tmp_path)
    assert not goes_by_flag(release), "the environment ramps by traffic"
    in_world(world)
    assert goes_by_flag(release)
    world.platform.flags.set(flag, 100)
    assert not goes_by_flag(release), "an earlier release turned it up: everyone has it"
    turn_flag_on.fn(release)
    assert goes_by_flag(release), "but its own flag, before a crash, is its own"


ROWS: list[tuple[Slot, Variant, str | None]] = [
    ("green", "on", "candidate"),
    ("green", "off", "live"),
    ("green", "", None),
    ("blue", "on", None),
    ("blue", "", None),
]


@pytest.mark.parametrize(("slot", "variant", "arm"), ROWS)
def test_only_what_the_version_says_of_itself_is_on_an_account(
    slot: Slot, variant: Variant, arm: str | None, tmp_path: Path
) -> None:
    dial = Flag(LocalFlags(tmp_path / "flags.json"), "new", "green")
    assert dial.arm(SlotCounts(1, slot, 5, 0, 0, 1.0, variant)) == arm


def test_a_crash_that_hides_the_variant_is_told_and_held_against_the_limits(world: World, tmp_path: Path) -> None:
    """The new code answers without the header: on nobody's account, and yet not overlooked."""
    hidden = {"error.headers = headers": "pass", '{1: "north", 2: "south"}': "{}"}
    release, flag = dark(world, tmp_path, "v3", hidden)
    with visitors(world.platform), pytest.raises(CanaryFailed, match=r"requests failed .*, among all answers of the v"):
        go(release, flag, 80)
    assert [fact.kind for fact in world.chapter(release).facts] == ["unmarked"]
    assert world.platform.flags.percentage(flag) == 0
