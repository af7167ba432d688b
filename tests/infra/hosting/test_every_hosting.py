"""What every implementation of the hosting promises: on this machine, and at a vendor's twin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from apps import manifest, server

from infra.errors import Rejected
from infra.hosting import Hosting, Source
from infra.hosting.local import LocalHosting
from infra.manifest import read_manifest

VARIABLES = {"PATH": os.environ["PATH"]}


@dataclass(frozen=True)
class Hosted:
    """A hosting and a version of an app. `headers` let us in at a deployment's own address."""

    hosting: Hosting
    source: Source
    headers: dict[str, str]

    def run(self, name: str) -> str:
        """Build and start; what it answers."""
        self.hosting.build(self.source, name, VARIABLES, print)
        return httpx.get(self.hosting.start(name, VARIABLES, print).url, headers=self.headers).text

    def running(self) -> list[str]:
        return [one.id for one in self.hosting.deployments() if one.is_running]


@pytest.fixture(params=["local", "vercel"])
def hosted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosted]:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "pipeline.toml").write_text(manifest("my-app"))
    (folder / "server.py").write_text(server())
    source = Source(folder, "here", "v1", "7" * 40, read_manifest(folder))
    if request.param == "vercel":
        place = request.getfixturevalue("vercel")
        yield Hosted(place.hosting, source, place.project.headers)
        return
    hosting = LocalHosting(tmp_path / "host")
    yield Hosted(hosting, source, {})
    for found in hosting.deployments():
        hosting.stop(found.id, 0)


def test_what_is_built_and_started_answers_at_its_own_address_and_is_found(hosted: Hosted) -> None:
    assert hosted.run("one")
    found = hosted.hosting.find("one")
    assert found is not None
    assert (found.id, found.version, found.ref, found.is_running) == ("one", "7" * 40, "v1", True)
    assert hosted.hosting.deployments() == [found]


def test_each_step_may_be_repeated(hosted: Hosted) -> None:
    hosted.run("one")
    first = hosted.hosting.start("one", VARIABLES, print)
    assert hosted.hosting.start("one", VARIABLES, print) == first
    for _ in range(2):
        hosted.hosting.stop("one", 0)
    assert hosted.running() == []
    assert hosted.run("one")
    assert hosted.running() == ["one"]


def test_two_of_one_version_stand_beside_each_other_newest_first(hosted: Hosted) -> None:
    hosted.run("one")
    hosted.run("two")
    assert [one.id for one in hosted.hosting.deployments()] == ["two", "one"]
    hosted.hosting.stop("one", 0)
    assert hosted.running() == ["two"]


def test_what_was_never_built_is_not_there_not_startable_and_harmless_to_stop(hosted: Hosted) -> None:
    assert hosted.hosting.find("one") is None
    hosted.hosting.stop("one", 0)
    with pytest.raises(Rejected, match="was never built"):
        hosted.hosting.start("one", VARIABLES, print)


def test_pruning_never_takes_one_that_runs(hosted: Hosted) -> None:
    hosted.run("one")
    hosted.hosting.prune(keep=0)
    assert hosted.running() == ["one"]
