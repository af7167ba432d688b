"""Deployments as real processes: built apart, started on free ports, found again, ended with all their children."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from apps import manifest, server

from infra import processes
from infra.errors import BadInput, CommandFailed, Rejected
from infra.hosting import Source
from infra.hosting.local import LocalHosting
from infra.manifest import read_manifest


def quiet(_line: str) -> None:
    """Nobody reads it."""


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[LocalHosting]:
    place = LocalHosting(tmp_path / "host")
    yield place
    for found in place.deployments():
        place.stop(found.id, 0)


def source(folder: Path, text: str) -> Source:
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.toml").write_text(text)
    (folder / "server.py").write_text(server())
    return Source(folder, "here", "v1", "0" * 40, read_manifest(folder))


def test_a_deployment_is_built_apart_and_answers_at_its_own_address(hosting: LocalHosting, tmp_path: Path) -> None:
    text = manifest("my-app").replace("[health]", 'build = "echo $COLOUR > built"\n[health]')
    hosting.build(source(tmp_path / "a", text), "one", {"COLOUR": "red", "PATH": os.environ["PATH"]}, quiet)
    assert hosting.find("one") is not None
    assert not (tmp_path / "a" / "built").exists()

    found = hosting.start("one", {"PATH": os.environ["PATH"]}, quiet)

    assert httpx.get(found.url).text == "hello"
    assert [d.id for d in hosting.deployments() if d.is_running] == ["one"]
    assert hosting.start("one", {}, quiet).url == found.url, "a running one is only waited for"


def test_it_is_found_again_by_another_object_and_ended_by_it(hosting: LocalHosting, tmp_path: Path) -> None:
    hosting.build(source(tmp_path / "a", manifest("my-app")), "one", {}, quiet)
    hosting.start("one", {}, quiet)
    another = LocalHosting(tmp_path / "host")

    another.stop("one", 1)
    another.stop("one", 1)

    found = hosting.find("one")
    assert found is not None
    assert not found.is_running


def test_nothing_of_its_group_is_left_when_a_shell_started_it(hosting: LocalHosting, tmp_path: Path) -> None:
    hosting.build(source(tmp_path / "a", manifest("my-app", start="sleep 77 & python3 server.py")), "one", {}, quiet)
    hosting.start("one", {}, quiet)
    daemon = processes.read(tmp_path / "host" / "deployments" / "one" / "process.json")
    assert daemon is not None
    family = [child.pid for child in psutil.Process(daemon.pid).children(recursive=True)]
    assert family

    hosting.stop("one", 0.5)

    left = [pid for pid in family if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert left == []


@pytest.mark.parametrize(
    ("start", "said"), [("echo out of luck; exit 3", "out of luck"), ("exec sleep 60", "was not healthy within 4 s")]
)
def test_one_that_does_not_become_healthy_is_refused_with_its_last_words_and_ended(
    hosting: LocalHosting, tmp_path: Path, start: str, said: str
) -> None:
    hosting.build(source(tmp_path / "a", manifest("my-app", start=start)), "one", {}, quiet)

    with pytest.raises(Rejected, match=said):
        hosting.start("one", {}, quiet)

    assert [d for d in hosting.deployments() if d.is_running] == []


def test_a_build_that_fails_says_what_it_printed_and_is_not_startable(hosting: LocalHosting, tmp_path: Path) -> None:
    text = manifest("my-app").replace("[health]", 'build = "echo no compiler; exit 2"\n[health]')
    with pytest.raises(CommandFailed, match="exited 2: no compiler"):
        hosting.build(source(tmp_path / "a", text), "one", {}, quiet)
    with pytest.raises(Rejected, match="was never built"):
        hosting.start("one", {}, quiet)


def test_a_killed_one_is_seen_as_not_running_and_starts_again(hosting: LocalHosting, tmp_path: Path) -> None:
    hosting.build(source(tmp_path / "a", manifest("my-app")), "one", {}, quiet)
    hosting.start("one", {}, quiet)
    daemon = processes.read(tmp_path / "host" / "deployments" / "one" / "process.json")
    assert daemon is not None

    os.kill(daemon.pid, signal.SIGKILL)
    os.waitpid(daemon.pid, 0)

    found = hosting.find("one")
    assert found is not None
    assert not found.is_running
    assert httpx.get(hosting.start("one", {}, quiet).url).status_code == 200


def test_prune_keeps_the_newest_and_every_running_one(hosting: LocalHosting, tmp_path: Path) -> None:
    made = source(tmp_path / "a", manifest("my-app"))
    for name in ("one", "two", "three", "four"):
        hosting.build(made, name, {}, quiet)
    hosting.start("one", {}, quiet)

    hosting.prune(keep=1)

    assert [found.id for found in hosting.deployments()] == ["four", "one"]


def test_prune_spares_what_it_is_told_to(hosting: LocalHosting, tmp_path: Path) -> None:
    made = source(tmp_path / "a", manifest("my-app"))
    for name in ("one", "two", "three"):
        hosting.build(made, name, {}, quiet)

    hosting.prune(keep=1, but=["one"])

    assert [found.id for found in hosting.deployments()] == ["three", "one"]


def test_a_name_that_leads_elsewhere_is_refused(hosting: LocalHosting) -> None:
    with pytest.raises(BadInput, match="cannot be a folder's name"):
        hosting.find("../../etc")
