"""Act then put back leaves no trace; put back without an act is harmless; a failed step stops the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from apps import commit, manifest, server
from prefect import flow

from flows import way_back
from infra.edge import Target
from infra.environment import Environment
from infra.files import make_folder
from tasks.checkout import checkout
from tasks.notes import read_notes, write_note
from tasks.outcomes import WayBackFailed
from tasks.release import Release
from tasks.shift_traffic import attach_candidate, promote
from tasks.start_candidate import build_candidate, start_candidate

pytestmark = pytest.mark.platform


@flow(name="a part of a release")
def part(order: Release) -> None:
    """What a release does up to the traffic."""
    build_candidate(order)
    candidate = start_candidate(order)
    attach_candidate(order, order.platform.edge.route().beside, candidate)


@flow(name="the way back")
def back(order: Release) -> list[str]:
    return way_back.go_back(order)


@pytest.fixture
def order(started_platform: Environment, tmp_path: Path, request: pytest.FixtureRequest) -> Release:
    name = f"app-{abs(hash(request.node.name)) % 10**9}"
    commit(tmp_path / "app", "v1", {"pipeline.toml": manifest(name), "server.py": server()})
    make_folder(started_platform.state)
    return checkout.fn("local", str(tmp_path / "app"), "v1", "v1-test")


def test_what_was_done_is_put_back_newest_first_and_leaves_no_trace(order: Release) -> None:
    before = order.platform.edge.route()
    part(order)
    assert [note.stage for note in read_notes(order)] == ["start-candidate", "traffic"]

    done = back(order)

    assert [line.split()[0] for line in done] == ["no", "candidate"]
    assert order.platform.edge.route() == before
    assert [found.is_running for found in order.platform.hosting.deployments()] == [False]
    assert all(note.is_put_back for note in read_notes(order))
    assert back(order) == [], "a second time there is nothing to do"


def test_a_note_without_its_act_is_put_back_without_harm(order: Release) -> None:
    write_note(order, "start-candidate", {"deployment": order.deployment})
    write_note(order, "traffic", {"live": None, "deployment": None, "slot": "blue"})

    assert len(back(order)) == 2


def test_a_stage_that_runs_again_keeps_its_first_note(order: Release) -> None:
    first = write_note(order, "traffic", {"live": "blue"})
    assert write_note(order, "traffic", {"live": "green"}) == first


def test_a_first_version_that_is_live_stays_and_keeps_its_process(order: Release) -> None:
    part(order)

    @flow(name="promote it")
    def all_of_it() -> None:
        promote(order, order.platform.edge.route().beside)

    all_of_it()

    with pytest.raises(WayBackFailed, match="stopped at traffic: v1 stays live: no version came before it") as failure:
        back(order)

    assert f"pipeline abort --env local --app {order.app}" in failure.value.hint
    found = order.platform.hosting.find(order.deployment)
    assert found is not None
    assert found.is_running, "visitors are still on it"


def test_nobody_is_sent_to_a_slot_by_its_colour_alone(order: Release) -> None:
    part(order)
    edge = order.platform.edge
    edge.make_live("blue")
    edge.attach("green", Target("another-one", "127.0.0.1:1", "v9"))
    route = edge.route()
    facts = {"live": "green", "deployment": "the-one-before", "slot": "blue"}

    with pytest.raises(WayBackFailed, match="slot green has another-one and not the-one-before"):
        way_back.put_traffic_back(order, facts)

    assert edge.route() == route


def test_every_note_that_a_stage_writes_has_a_way_back() -> None:
    written = {"flag", "expand-schema", "start-candidate", "make-room", "traffic", "hold-log", "contract-schema"}
    sources = [path.read_text() for path in Path(way_back.__file__).parents[1].glob("tasks/*.py")]
    assert sum("write_note(release, NAME" in source for source in sources) == len(written)
    assert set(way_back.WAYS_BACK) == written
