"""Only the version beside the live one is ended, and only while nobody needs it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ramp_world import NAME, World

from infra.errors import BadInput, Rejected
from tasks.records import Record, list_records, write_record
from tasks.release import platform_of
from tasks.retire_version import Retiring, find_retiring, retire_version


@pytest.fixture
def app(world: World) -> str:
    """v2 is live, v1 is warm beside it, and no release is in flight."""
    platform_of.cache_clear()  # it was made for another folder of environments
    world.go_live("v1")
    release = world.candidate(version="v2")
    world.platform.edge.make_live("green")
    write_record(Record(release, "run", "promoted", 0))
    return world.platform.app


def running(world: World) -> set[str]:
    return {found.id for found in world.platform.hosting.deployments() if found.is_running}


def test_the_version_beside_leaves_its_slot_and_is_ended_and_once_more_is_harmless(world: World, app: str) -> None:
    (found,) = find_retiring.fn(NAME, app)
    assert found == Retiring(NAME, app, "v1", "v1")
    assert retire_version.fn(found) == "v1"
    route = world.platform.edge.route()
    assert (route.live, route.at("blue"), running(world)) == ("green", None, {"v2"})
    assert find_retiring.fn(NAME, app) == []
    assert retire_version.fn(found) == "v1"


def test_what_a_killed_run_took_out_of_its_slot_is_still_found_and_ended(world: World, app: str) -> None:
    world.platform.edge.detach("blue")
    (found,) = find_retiring.fn(NAME, app)
    retire_version.fn(found)
    assert running(world) == {"v2"}


def test_it_is_refused_while_a_release_is_in_flight(world: World, app: str) -> None:
    (found,) = find_retiring.fn(NAME, app)
    (record,) = list_records(world.platform.objects, app)
    write_record(replace(record, release=replace(record.release, id="v3"), standing="running"))
    for ask in (lambda: find_retiring.fn(NAME, app), lambda: retire_version.fn(found)):
        with pytest.raises(Rejected, match=r"release v3 of .* is in flight \(running\)"):
            ask()
    assert running(world) == {"v1", "v2"}


def test_it_is_refused_while_the_version_has_visitors(world: World, app: str) -> None:
    world.platform.edge.weigh(20)
    with pytest.raises(Rejected, match="has 20 % of the visitors, over 0 %"):
        find_retiring.fn(NAME, app)


def test_the_live_version_is_never_ended(world: World, app: str) -> None:
    with pytest.raises(Rejected):
        retire_version.fn(Retiring(NAME, app, "v2", "v2"))
    assert "v2" in running(world)


def test_without_a_live_version_there_is_nothing_to_stand_beside(world: World) -> None:
    platform_of.cache_clear()
    with pytest.raises(BadInput, match="has no live version"):
        find_retiring.fn(NAME, world.platform.app)
