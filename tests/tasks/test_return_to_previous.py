"""The version before, and never one that was taken back, however often it is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ramp_world import NAME, World

from infra.errors import Rejected
from tasks.records import Record, read_record, write_record
from tasks.release import platform_of
from tasks.return_to_previous import find_previous, return_to_previous

COMMIT = {"v1": "a" * 40, "v2": "b" * 40}


@pytest.fixture
def app(world: World) -> str:
    """v2 is live, v1 is warm beside it, and both are on record as promoted, one after the other."""
    platform_of.cache_clear()  # it was made for another folder of environments
    for number, version in enumerate(("v1", "v2"), start=1):
        release = replace(world.candidate(version=version), version=COMMIT[version])
        world.platform.edge.make_live(world.platform.edge.route().beside)
        write_record(Record(release, "run", "promoted", 10 * number, 10 * number + 5))
    return world.platform.app


def live(world: World) -> str:
    target = world.platform.edge.route().live_target
    return target.version if target else ""


def roll_back(app: str, release: str = "", to_newer: bool = False) -> None:
    previous = find_previous.fn(NAME, app, release, to_newer)
    running = previous.platform.hosting.deployments()
    return_to_previous.fn(previous, next(one for one in running if one.id == previous.deployment))


def test_a_second_rollback_does_not_bring_the_bad_version_back(world: World, app: str) -> None:
    roll_back(app)
    assert live(world) == "v1"
    with pytest.raises(Rejected, match="v2 was promoted after v1, which is live") as refused:
        roll_back(app)
    assert "--to-newer" in refused.value.hint
    assert live(world) == "v1"
    roll_back(app, to_newer=True)
    assert live(world) == "v2"


@pytest.mark.parametrize("name", ["v2", COMMIT["v2"]])
def test_the_same_alert_twice_acts_once(world: World, app: str, name: str) -> None:
    roll_back(app, name)
    with pytest.raises(Rejected, match=f"{name} is not live, v1 "):
        roll_back(app, name, to_newer=True)
    assert live(world) == "v1"


def test_an_alert_about_a_version_that_is_not_live_any_more_does_nothing(world: World, app: str) -> None:
    with pytest.raises(Rejected, match="v1 is not live, v2 "):
        roll_back(app, "v1")
    assert live(world) == "v2"


def test_what_began_later_but_was_promoted_earlier_is_the_previous_one(world: World, app: str) -> None:
    record = read_record(world.platform.objects, app, "v1")
    assert record
    write_record(replace(record, started=99))
    roll_back(app)
    assert live(world) == "v1"
