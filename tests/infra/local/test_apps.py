"""Apps stop with the platform and come back with it, at the addresses that the edge knows."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from apps import manifest, server

from infra.edge import Target
from infra.edge.caddy import CaddyEdge
from infra.environment import Environment
from infra.hosting import Deployment, Source
from infra.hosting.local import LocalHosting
from infra.local.apps import HostedApps
from infra.manifest import read_manifest


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    made = Environment(name="test", kind="local")
    yield made
    HostedApps(made).down(print)


def live(environment: Environment, folder: Path) -> Deployment:
    """An app with one live version."""
    folder.mkdir()
    (folder / "pipeline.toml").write_text(manifest("shop"))
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
