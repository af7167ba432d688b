"""What a stage does in a later attempt: taken over while it is still true, done anew from where it is not."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from ramp_world import World

from infra.hosting import Deployment
from infra.locks import Lock, this_process
from infra.locks.of_environment import locks_of
from tasks.attempt import Attempt, Waiver, attempt_of, begin_attempt, end_attempt
from tasks.outcomes import Aborted, LockLost
from tasks.records import read_stage, request_abort
from tasks.release import Release
from tasks.stage import Journey, stage

NUMBERS = itertools.count(1)
RAN: list[str] = []
TRUTH = {"is": True}


def is_true(_release: Release, _found: Deployment) -> bool:
    return TRUTH["is"]


@stage("test: about the version", journey=Journey(skipped="skipped"))
def about_version(release: Release) -> str:
    RAN.append("version")
    return release.label


@stage("test: about the world", journey=Journey(still=is_true))
def about_world(release: Release) -> Deployment:
    RAN.append("world")
    return Deployment(release.id, release.version, release.ref, "http://127.0.0.1:1", True)


@stage("test: after the world", run_name="test: after the world {weight} %", journey=Journey(follows=True))
def after_world(release: Release, weight: int) -> tuple[int, ...]:
    RAN.append(f"after {weight}")
    return (weight, len(release.label))


@stage("test: question", journey=Journey(asks_anew=True))
def question(release: Release) -> str:
    RAN.append("question")
    return release.label


@stage("test: for a moment", journey=Journey(lasts_seconds=0))
def for_a_moment(release: Release) -> str:
    return f"found at {time.time()}"


STAGES = (about_version.body, about_world.body, lambda release: after_world.body(release, 5), question.body)


@dataclass
class Attempts:
    """Attempts at one release, one after the other."""

    release: Release
    number: int = 0

    def go(self, **more: Any) -> list[str]:
        """What was executed in the next attempt."""
        locks = locks_of(self.release.settings)
        lock: Lock = locks.acquire(this_process(self.release.id, "release", "a", "b", "c", "d"))
        self.number += 1
        begin_attempt(Attempt(self.release, self.number, lock, **more))
        RAN.clear()
        try:
            self.states = [one(self.release) for one in STAGES]
        finally:
            end_attempt(self.release)
            locks.release(lock)
        return list(RAN)


@pytest.fixture
def attempts(world: World) -> Iterator[Attempts]:
    TRUTH["is"] = True
    app, source = world.platform.app, world.source
    name = f"v2-{next(NUMBERS)}"
    release = Release(name, "ramp", app, source.repository, "v2", source.version, "v2", str(source.folder))
    yield Attempts(release)
    assert attempt_of(release) is None


ALL = ["version", "world", "after 5", "question"]


def test_the_second_attempt_takes_over_what_the_first_one_finished(attempts: Attempts) -> None:
    assert attempts.go() == ALL
    assert attempts.go() == ["question"], "a question about the world is asked anew"
    taken = [state for state in attempts.states if isinstance(state, State)]
    assert [state.name for state in taken] == ["Cached"] * 3
    assert str(taken[0].message).startswith("taken over from attempt 1, finished at ")


def test_what_is_taken_over_has_the_types_that_the_stage_returned(attempts: Attempts) -> None:
    attempts.go()
    attempts.go()
    values = [state.result() for state in attempts.states if isinstance(state, State)]
    release = attempts.release
    deployment = Deployment(release.id, release.version, release.ref, "http://127.0.0.1:1", True)
    assert values == [release.label, deployment, (5, len(release.label))]


def test_what_is_not_true_any_more_is_done_anew_with_all_that_stands_on_it(attempts: Attempts) -> None:
    attempts.go()
    TRUTH["is"] = False
    assert attempts.go() == ["world", "after 5", "question"]


def test_from_a_named_stage_on_all_is_done_anew(attempts: Attempts) -> None:
    attempts.go()
    assert attempts.go(rerun_from="test: about the version") == ALL
    assert attempts.go(rerun_from="test: after the world") == ["after 5", "question"]


def test_what_is_only_true_for_a_while_is_not_taken_over_after_it(attempts: Attempts) -> None:
    found = []
    for number in (1, 2):
        lock = locks_of(attempts.release.settings).acquire(this_process("a", "release", "a", "b", "c", "d"))
        begin_attempt(Attempt(attempts.release, number, lock))
        found.append(for_a_moment.body(attempts.release))
        end_attempt(attempts.release)
        locks_of(attempts.release.settings).release(lock)
    assert all(isinstance(one, str) for one in found)
    assert found[0] != found[1]


def test_a_waived_stage_is_skipped_in_so_many_words(attempts: Attempts) -> None:
    waiver = Waiver("test: about the version", "the runner is down", "ann")
    assert attempts.go(waivers=(waiver,)) == ALL[1:]
    state = attempts.states[0]
    assert isinstance(state, State)
    assert (state.name, state.message) == ("Skipped", "skipped on the word of ann: the runner is down")
    assert attempts.go() == ["version", "question"], "skipped is not finished"


def test_an_abort_stops_the_journey_before_its_next_stage(attempts: Attempts) -> None:
    objects = attempts.release.platform.objects
    request_abort(objects, attempts.release.app, attempts.release.id, "a bad feeling")
    with pytest.raises(Aborted, match="a bad feeling"):
        attempts.go()
    assert RAN == []


def test_who_lost_the_environment_does_nothing_more(attempts: Attempts) -> None:
    locks = locks_of(attempts.release.settings)
    lock = locks.acquire(this_process("another", "release", "a", "b", "c", "d"))
    begin_attempt(Attempt(attempts.release, 1, Lock(lock.generation + 7, lock.holder)))
    RAN.clear()
    try:
        with pytest.raises(LockLost, match="no longer holds the environment"):
            about_version.body(attempts.release)
    finally:
        end_attempt(attempts.release)
        locks.release(lock)
    assert RAN == []


def test_the_stage_that_goes_on_is_written_down_for_people(attempts: Attempts) -> None:
    attempts.go()
    found = read_stage(attempts.release.platform.objects, attempts.release.app, attempts.release.id)
    assert found is not None
    assert found[0] == "test: question"
