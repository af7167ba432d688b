"""Vercel's own command-line tool, which nobody here wrote, against the twin: it steps what our clients began."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_place import VercelPlace, object_store

VERSION = "60.0.0"
INSTALLED = "PIPELINE_VERCEL_CLI"  # the path of one that is installed already
pytestmark = pytest.mark.slow

Run = Callable[..., str]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get(INSTALLED, "")
    if given:
        yield given
        return
    if not shutil.which("npm"):
        pytest.skip("npm is not here: the vendor's own tool cannot be installed")
    folder = tmp_path_factory.mktemp("vercel-cli")
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"vercel@{VERSION}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"vercel@{VERSION} cannot be installed here: {done.stderr[-300:]}")
    yield str(folder / "node_modules" / ".bin" / "vercel")
    shutil.rmtree(folder)  # 350 MB that nobody looks at afterwards


@pytest.fixture
def place(tmp_path: Path) -> Iterator[VercelPlace]:
    with object_store(tmp_path / "objects") as objects, VercelTwin() as twin:
        found = VercelPlace(twin, objects, tmp_path / "sources")
        found.open_with_both(10)
        yield found


@pytest.fixture
def vercel(program: str, place: VercelPlace, tmp_path: Path) -> Run:
    """What the tool printed."""

    def run(*words: str) -> str:
        twin = place.twin
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "VERCEL_ORG_ID": twin.team,
            "VERCEL_PROJECT_ID": twin.project,
            "VERCEL_TELEMETRY_DISABLED": "1",
            "NO_UPDATE_NOTIFIER": "1",
            "NO_COLOR": "1",
            "CI": "1",
        }
        # The global flags come after the subcommand: before it, `rolling-release` finds none.
        where = ["--api", twin.url, "--token", twin.token, "--global-config", str(tmp_path), "--non-interactive"]
        done = subprocess.run(
            [program, *words, *where],
            cwd=tmp_path,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


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
