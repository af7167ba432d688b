"""A step of the ramp on a real edge: passes, fails, is held, and never passes in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from ramp_world import World, visitors, wait_until

from infra.errors import BadInput
from tasks.climb import Step, climb
from tasks.dial import Traffic
from tasks.holds import POLICY, RAMP, lift_hold, place_hold, read_hold
from tasks.outcomes import Aborted, CanaryFailed, Undecided
from tasks.records import request_abort
from tasks.release import Release


def silent(_percent: float, _text: str) -> None:
    """Nobody watches."""


def go(release: Release, weight: int = 20, evidence: str = "", show: Callable[[float, str], None] = silent) -> Step:
    edge = release.platform.edge
    return climb(release, Traffic(edge, edge.route().beside), weight, evidence, show)


@contextmanager
def in_background(call: Callable[[], Step]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


def weight(world: World) -> int:
    return world.platform.edge.route().weight


def test_a_good_candidate_passes_on_its_visitors_and_hands_its_evidence_on(world: World) -> None:
    world.go_live()
    release = world.candidate()
    with visitors(world.platform):
        first = go(release, 20)
        second = go(release, 50, first.evidence)

    assert (first.weight, second.weight, weight(world)) == (20, 50, 50)
    assert first.requests >= 20
    assert " requests failed against 0 of " in first.sentence
    assert "on v1" in first.sentence
    assert "asked by the pipeline itself" not in first.sentence
    assert int(second.sentence.split(" of ")[1].split()[0]) > first.requests, "evidence adds up over the steps"
    assert world.chapter(release).outcome == "passed"


def test_a_candidate_that_fails_its_visitors_gets_nothing_more_before_anything_else_happens(world: World) -> None:
    world.go_live()
    release = world.candidate("fails 100 %")
    with visitors(world.platform), pytest.raises(CanaryFailed, match=r"^v2 at 20 %: (\d+) of \1 requests failed"):
        go(release)

    chapter = world.chapter(release)
    assert weight(world) == 0
    assert chapter.outcome == "failed"
    assert chapter.decided is not None
    assert chapter.acted_ms is not None
    last = chapter.moments[-1].evidence
    assert max(last[name] / chapter.needed[name] for name in last if "over_limit" in name or "worse" in name) >= 1


def test_without_visitors_the_probes_decide_and_the_sentence_says_so(world: World) -> None:
    world.go_live()
    step = go(world.candidate())

    assert step.requests == 0
    assert "asked by the pipeline itself: 0 visitors' requests are too few to say" in step.sentence


def test_probes_also_fail_a_candidate_that_nobody_visits(world: World) -> None:
    world.go_live()
    release = world.candidate("fails 100 %")
    with pytest.raises(CanaryFailed, match=r"requests failed against 0 of .* on v1.*asked by the pipeline itself"):
        go(release)
    assert all(moment.canary.requests == 0 for moment in world.chapter(release).moments), "probes are not visitors"


def test_a_held_step_keeps_its_weight_with_all_evidence_there_until_somebody_lets_it_go_on(world: World) -> None:
    world.go_live()
    release = world.candidate()
    objects = world.platform.objects
    shown: list[str] = []
    with visitors(world.platform), in_background(lambda: go(release, show=lambda _, text: shown.append(text))) as step:
        wait_until("the weight is given", lambda: weight(world) == 20)
        place_hold(objects, release.app, release.id, "phones ring", "Ann")
        wait_until("it says so", lambda: any("held by Ann" in text for text in shown))
        time.sleep(1.5)
        assert not step.done()
        assert weight(world) == 20
        lift_hold(objects, release.app, release.id, "all quiet", "Ann")
        assert step.result(20).weight == 20


def test_a_release_held_before_its_first_step_gets_no_visitors_and_still_fails_on_bad_evidence(world: World) -> None:
    world.go_live()
    release = world.candidate("fails 100 %")
    place_hold(world.platform.objects, release.app, release.id, "not yet", "Ann")
    with visitors(world.platform) as statuses, pytest.raises(CanaryFailed, match=r"^v2 at 0 %"):
        go(release)
    assert set(statuses) == {200}, "nobody met the candidate"


def undecided(world: World, more: str = "", choice: str = "hold") -> Release:
    """A step that cannot decide within its time."""
    world.place.write(f'undecided = "{choice}"\n{more}', minimum=100_000, timeout=1)
    world.go_live()
    return world.candidate()


def held_by_the_ramp(release: Release) -> bool:
    found = read_hold(release.platform.objects, release.app, release.id)
    return found is not None and found.who == RAMP and found.is_on


def test_a_step_that_cannot_decide_holds_itself_and_passes_only_on_a_persons_word(world: World) -> None:
    release = undecided(world)
    with visitors(world.platform), in_background(lambda: go(release)) as step:
        wait_until("it holds itself", lambda: held_by_the_ramp(release))
        time.sleep(0.7)
        assert not step.done()
        lift_hold(world.platform.objects, release.app, release.id, "looks fine to me", "Bob")
        sentence = step.result(20).sentence
    assert sentence.startswith("on the word of Bob (looks fine to me), while the evidence says: ")


def test_where_policy_wants_a_persons_word_nobody_meets_the_candidate_before_it(world: World) -> None:
    world.place.write(canary='approval = "person"\nweights = [20, 100]')
    world.go_live()
    release = world.candidate()
    with visitors(world.platform), in_background(lambda: go(release)) as step:
        wait_until("it asks", lambda: read_hold(world.platform.objects, release.app, release.id) is not None)
        asked = read_hold(world.platform.objects, release.app, release.id)
        assert asked is not None
        assert (asked.who, weight(world)) == (POLICY, 0)
        time.sleep(1.5)
        assert weight(world) == 0, "it waits"
        lift_hold(world.platform.objects, release.app, release.id, "the support desk is ready", "Ann")
        assert step.result(30).weight == 20
        assert go(release).weight == 20, "asked once"


def test_nobodys_word_in_time_is_a_no(world: World) -> None:
    world.place.write(canary='approval = "person"\nweights = [20, 100]\nhold_timeout_seconds = 1.5')
    world.go_live()
    release = world.candidate()
    with pytest.raises(Undecided, match=r"v2 at 0 %: held by the policy since .* nobody ended it in 2 s"):
        go(release)
    assert weight(world) == 0


def test_a_hold_that_nobody_ends_is_an_abort_and_never_a_pass(world: World) -> None:
    release = undecided(world, "hold_timeout_seconds = 1.5")
    with pytest.raises(Undecided, match=r"v2 at 20 %: held by the ramp since .* nobody ended it in 2 s"):
        go(release)
    assert weight(world) == 0


def test_a_step_that_cannot_decide_goes_back_where_the_policy_says_abort(world: World) -> None:
    release = undecided(world, choice="abort")
    with pytest.raises(Undecided, match=r"^v2 at 20 %: undecided after [12] s: "):
        go(release)
    assert weight(world) == 0


def test_an_abort_takes_the_visitors_away_and_says_who_asked(world: World) -> None:
    release = undecided(world)
    with visitors(world.platform), in_background(lambda: go(release)) as step:
        wait_until("the weight is given", lambda: weight(world) == 20)
        request_abort(world.platform.objects, release.app, release.id, "Eve is worried")
        with pytest.raises(Aborted, match="Eve is worried"):
            step.result(20)
    assert weight(world) == 0


def test_damaged_evidence_is_refused_before_anybody_is_let_in(world: World) -> None:
    world.go_live()
    with pytest.raises(BadInput, match="evidence: cannot be read"):
        go(world.candidate(), evidence="{}")
    assert weight(world) == 0


def test_no_thread_outlives_a_step(world: World) -> None:
    world.go_live()
    before = threading.active_count()
    future: Future[Step]
    with in_background(lambda: go(world.candidate())) as future:
        future.result(30)
    wait_until("threads end", lambda: threading.active_count() <= before, 5)
