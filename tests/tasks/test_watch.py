"""The watch after promotion: the previous version keeps a share to compare with, and takes everyone back at once."""

from __future__ import annotations

import threading

import pytest
from ramp_world import World, visitors, wait_until

from infra.edge import Route
from tasks.notes import write_note
from tasks.outcomes import Aborted, CanaryFailed
from tasks.records import request_abort
from tasks.release import Release
from tasks.timeline import read_chapters
from tasks.watch import look_after


def promoted(world: World, fault: str = "healthy") -> Release:
    """v2 is live in green since a moment, v1 stands warm in blue."""
    world.go_live("v1")
    release = world.candidate(fault)
    write_note(release, "traffic", {"live": "blue", "deployment": "v1", "slot": "green"})
    world.platform.edge.make_live("green")
    return release


def look(release: Release, seconds: float = 4) -> str:
    found = release.platform.hosting.find(release.deployment)
    assert found
    return look_after(release, "green", found.url, seconds)


def route(world: World) -> Route:
    return world.platform.edge.route()


def test_the_previous_version_keeps_its_share_and_loses_it_at_the_end(world: World) -> None:
    release = promoted(world)
    with visitors(world.platform, 120) as statuses:
        sentence = look(release, 4)

    assert (route(world).live, route(world).weight) == ("green", 0)
    assert set(statuses) == {200}
    assert "; compared with v1: 0 of " in sentence
    moments = world.chapter(release).moments
    here, there = (sum(getattr(moment, side).requests for moment in moments) for side in ("canary", "live"))
    assert 0 < there < 0.2 * here
    assert moments[-1].weight == 95


def test_a_version_that_turns_out_bad_loses_everyone_before_the_way_back_begins(world: World) -> None:
    release = promoted(world, "fails 100 %")
    with visitors(world.platform), pytest.raises(CanaryFailed, match=r"^v2 after promotion: .* on v1"):
        look(release, 20)

    assert (route(world).live, route(world).weight) == ("blue", 0)
    assert world.chapter(release).acted_ms is not None


def test_a_first_version_is_held_to_absolute_limits_and_the_sentence_says_so(world: World) -> None:
    world.go_live("v1", "fails 100 %")
    release = Release("v1", "ramp", world.platform.app, "", "v1", "0" * 40, "v1", str(world.source.folder))
    found = release.platform.hosting.find("v1")
    assert found
    with visitors(world.platform), pytest.raises(CanaryFailed, match="no previous version runs beside it"):
        look_after(release, "blue", found.url, 20)
    assert route(world).live == "blue", "there is nowhere to go"


def test_a_version_that_people_fled_from_gets_nobody(world: World) -> None:
    release = promoted(world)
    bad = Release("v1", "ramp", world.platform.app, "", "v1", "0" * 40, "v1", str(world.source.folder))
    world.platform.edge.make_live("blue")  # rolled back by hand to v1: v2 stands beside it
    found = bad.platform.hosting.find("v1")
    assert found
    with visitors(world.platform):
        sentence = look_after(bad, "blue", found.url, 2)
    assert sum(moment.live.requests for moment in world.chapter(bad).moments if moment.time > release_time(bad)) == 0
    assert "nothing was compared" in sentence
    assert route(world).weight == 0
    assert release.label == "v2"


def release_time(release: Release) -> float:
    """Visitors of the second in which the watch began may still be the other version's."""
    return read_chapters(release)[-1].began + 1


def test_a_previous_version_that_does_not_run_gets_nobody(world: World) -> None:
    release = promoted(world)
    world.platform.hosting.stop("v1", 0)
    with visitors(world.platform) as statuses:
        assert "nothing was compared" in look(release, 2)
    assert set(statuses) == {200}


def test_no_share_is_given_where_the_policy_says_none(world: World) -> None:
    release = promoted(world)
    world.place.write(watch="previous_percent = 0")
    assert "nothing was compared" in look(release, 1)
    assert world.chapter(release).moments[-1].weight == 100


def test_a_watch_of_no_time_touches_nothing(world: World) -> None:
    release = promoted(world)
    before = route(world)
    look(release, 0)
    assert route(world) == before


def test_an_abort_ends_the_watch(world: World) -> None:
    release = promoted(world)
    request_abort(world.platform.objects, release.app, release.id, "Eve is worried")
    with pytest.raises(Aborted, match="Eve is worried"):
        look(release, 20)


def test_somebody_elses_change_of_what_is_live_is_no_success(world: World) -> None:
    release = promoted(world)

    def change() -> None:
        wait_until("the share is given", lambda: route(world).weight == 5)
        world.platform.edge.make_live("blue")

    thread = threading.Thread(target=change)
    thread.start()
    with pytest.raises(Aborted, match="somebody made v1 live during the watch"):
        look(release, 2)
    thread.join()
