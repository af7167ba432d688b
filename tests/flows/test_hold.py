"""The hold flow: a person places a hold on a release in flight and ends it, and wrong asks are refused."""

from __future__ import annotations

import time
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows.hold import hold
from infra.environment import Environment
from infra.platform import objects_of
from tasks.holds import Hold, read_hold
from tasks.records import Record, end_record, write_record
from tasks.release import Release

pytestmark = pytest.mark.platform


@pytest.fixture
def record(started_platform: Environment) -> Record:
    """A release that is on its way, as its record says."""
    unique = f"v2-{time.time_ns() % 10**12}"
    order = Release(unique, "local", "held-app", "somewhere", "v2", "0" * 40, "v2", "nowhere")
    found = Record(order, "run", "running", time.time())
    write_record(found)
    return found


def ask(record: Record, action: str, reason: str = "phones ring", **more: str) -> State[Any]:
    asked = {"app": record.release.app, "action": action, "reason": reason, "who": "Ann", **more}
    state: State[Any] = hold(**asked, return_state=True)
    return state


def stored(record: Record, environment: Environment) -> Hold:
    found = read_hold(objects_of(environment), record.release.app, record.release.id)
    assert found
    return found


def test_a_hold_is_placed_and_ended_by_name_and_reason(record: Record, started_platform: Environment) -> None:
    placed = ask(record, "place")
    assert (placed.name, placed.type.value) == ("Held", "COMPLETED")
    assert str(placed.message).startswith("v2 is held by Ann since ")
    assert str(placed.message).endswith(" UTC: phones ring; after 4 hours it goes back")
    assert stored(record, started_platform).is_on

    ended = ask(record, "release", "all quiet", who="Bob")
    assert (ended.name, ended.message) == ("Released", "v2 goes on, says Bob: all quiet")
    found = stored(record, started_platform)
    assert (found.is_on, found.who, found.lifted_by, found.lift_reason) == (False, "Ann", "Bob", "all quiet")


WRONG = {
    "nothing is held": ("release", {}, " is not held"),
    "no reason": ("place", {"reason": " "}, "reason: is empty"),
    "no name": ("place", {"who": ""}, "who: is empty"),
    "another app": ("place", {"app": "nowhere-app"}, "no release of 'nowhere-app' is in flight in local"),
    "another release": ("place", {"release": "v9"}, "is in flight in local"),
}


@pytest.mark.parametrize(("action", "more", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_held_is_refused(record: Record, action: str, more: dict[str, str], said: str) -> None:
    state = ask(record, action, **more)
    assert state.name == "Refused"
    assert said in str(state.message)


def test_a_release_that_is_over_cannot_be_held(record: Record) -> None:
    end_record(record, "promoted", "done")
    assert ask(record, "place", release=record.release.id).name == "Refused"
