"""Vercel's own command-line tool, which nobody here wrote, against the twin: it steps what our clients began."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from vercel_tool import Run, tool_at

from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_place import VercelPlace, object_store

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Iterator[VercelPlace]:
    with object_store(tmp_path / "objects") as objects, VercelTwin() as twin:
        found = VercelPlace(twin, objects, tmp_path / "sources")
        found.open_with_both(10)
        yield found


@pytest.fixture
def vercel(vercel_program: str, place: VercelPlace, tmp_path: Path) -> Run:
    """What the tool printed."""
    return tool_at(vercel_program, place.twin, tmp_path)


def test_it_lists_what_we_deployed_and_sees_the_ramp_that_we_began(place: VercelPlace, vercel: Run) -> None:
    listed = vercel("ls")
    assert all(one.address in listed for one in place.hosting.deployments())
    shown = vercel("rolling-release", "fetch")
    release = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    assert release["activeStage"]["targetPercentage"] == place.edge.route().weight == 10
    assert release["canaryDeployment"]["id"] == _id(place, "v2")


def test_it_steps_a_rolling_release_that_we_began_and_we_see_where_it_is(place: VercelPlace, vercel: Run) -> None:
    vercel("rolling-release", "approve", "--dpl", _id(place, "v2"), "--currentStageIndex", "0")
    assert place.edge.route().weight == 50
    vercel("rolling-release", "complete", "--dpl", _id(place, "v2"))
    route = place.edge.route()
    assert (route.live, route.weight) == ("green", 0)


def test_it_ends_a_rolling_release_and_promotes_and_rolls_back(place: VercelPlace, vercel: Run) -> None:
    vercel("rolling-release", "abort", "--dpl", _id(place, "v1"))
    assert place.edge.route().weight == 0
    promoted = vercel("promote", _id(place, "v2"), "--yes", "--scope", "team")
    assert "Rolling Release serving traffic at initial percentage 10" in promoted
    place.edge.make_live("green")
    back = vercel("rollback", _id(place, "v1"), "--yes", "--scope", "team")
    assert "Success! securyflex was rolled back" in back
    assert place.edge.route().live == "blue"


def _id(place: VercelPlace, label: str) -> str:
    found = place.project.find(label)
    assert found is not None
    return found.id
