"""Apps stop with the platform and come back with it, at the addresses that the edge knows."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from apps import manifest, server

from infra import processes
from infra.edge import Target
from infra.edge.caddy import CaddyEdge
from infra.environment import Environment
from infra.hosting import Deployment, Source
from infra.hosting.local import LocalHosting
from infra.local.apps import Fallen, HostedApps
from infra.manifest import read_manifest


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    made = Environment(name="test", kind="local")
    yield made
    HostedApps(made).down(print)


def live(environment: Environment, folder: Path, start: str = "exec python3 server.py") -> Deployment:
    """An app with one live version."""
    folder.mkdir()
    (folder / "pipeline.toml").write_text(manifest("shop", start=start))
    (folder / "server.py").write_text(server())
    hosting = LocalHosting(environment.state / "apps" / "shop")
    variables = {"PATH": os.environ["PATH"], "SECRET_KEY": "kept between us"}
    hosting.build(Source(folder, "here", "v1", "0" * 40, read_manifest(folder)), "one", variables, print)
    found = hosting.start("one", variables, print)
    edge = CaddyEdge(environment, "shop")
    edge.attach("blue", Target("one", found.address, "v1"))
    edge.make_live("blue")
    return found


def test_what_is_in_a_slot_stops_and_comes_back_where_it_was(environment: Environment, tmp_path: Path) -> None:
    apps = HostedApps(environment)
    assert apps.status().state == "healthy", "no app is fine"
    found = live(environment, tmp_path / "shop")
    assert (apps.is_up(), apps.status().state) == (True, "healthy")

    apps.down(print)
    with pytest.raises(httpx.ConnectError):
        httpx.get(found.url)
    assert (apps.is_up(), apps.status().state) == (False, "unhealthy")
    assert "one" in apps.status().detail

    apps.up(print)
    apps.up(print)
    assert httpx.get(found.url).text == "hello"
    assert apps.is_up()


def test_what_it_was_started_with_is_for_its_owner_alone(environment: Environment, tmp_path: Path) -> None:
    live(environment, tmp_path / "shop")
    kept = environment.state / "apps" / "shop" / "deployments" / "one" / "variables.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_one_that_will_not_run_again_is_said_and_the_others_go_on(environment: Environment, tmp_path: Path) -> None:
    live(environment, tmp_path / "shop")
    apps = HostedApps(environment)
    apps.down(print)
    (environment.state / "apps" / "shop" / "deployments" / "one" / "app" / "server.py").unlink()
    said: list[str] = []

    apps.up(said.append)

    assert any("one does not run again" in line for line in said)
    assert apps.status().state == "unhealthy"


def killed(environment: Environment) -> None:
    """The only app's process, ended by nobody's order."""
    daemon = processes.read(environment.state / "apps" / "shop" / "deployments" / "one" / "process.json")
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    os.waitpid(daemon.pid, 0)


def test_what_fell_is_known_from_what_was_stopped_unless_it_is_live(environment: Environment, tmp_path: Path) -> None:
    apps, shop = HostedApps(environment), CaddyEdge(environment, "shop")
    live(environment, tmp_path / "shop")
    assert apps.fallen() == []
    killed(environment)
    assert apps.fallen() == [Fallen("shop", "one", is_live=True)]
    apps.mend(apps.fallen()[0], print)
    assert apps.fallen() == []

    shop.attach("green", Target("two", "127.0.0.1:1", "v2"))
    shop.make_live("green")
    killed(environment)
    assert apps.fallen() == [Fallen("shop", "one", is_live=False)]
    apps.mend(apps.fallen()[0], print)
    apps.down(print)
    assert apps.fallen() == [], "one that is warm and was stopped on purpose stays down"
    shop.make_live("blue")
    assert apps.fallen() == [Fallen("shop", "one", is_live=True)]


def test_one_that_left_its_slot_while_it_was_mended_is_stopped_again(environment: Environment, tmp_path: Path) -> None:
    apps = HostedApps(environment)
    found = live(environment, tmp_path / "shop")
    killed(environment)
    (fallen,) = apps.fallen()
    edge = CaddyEdge(environment, "shop")
    edge.attach("green", Target("two", "127.0.0.1:1", "v2"))
    edge.make_live("green")
    edge.detach("blue")
    apps.mend(fallen, print)
    with pytest.raises(httpx.ConnectError):
        httpx.get(found.url)


def test_children_of_a_killed_app_do_not_keep_its_address(environment: Environment, tmp_path: Path) -> None:
    found = live(environment, tmp_path / "shop", start="python3 server.py; true")
    killed(environment)
    assert httpx.get(found.url).status_code == 200, "the shell is dead, what it started is not"
    apps = HostedApps(environment)
    apps.mend(apps.fallen()[0], print)
    hosting = LocalHosting(environment.state / "apps" / "shop")
    assert [one.address for one in hosting.deployments() if one.is_running] == [found.address]
