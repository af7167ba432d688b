"""A hold on a release that a worker runs: placed on the command line, ended from the form, seen in the status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import commit, manifest, server

from deployments.prefect_api import FlowRun, PrefectApi
from infra.environment import Environment
from infra.platform import connect

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
PIPELINE = Path(sys.executable).parent / "pipeline"


@pytest.fixture
def slowly(started_platform: Environment) -> Iterator[Callable[[str], Environment]]:
    """The environment with steps that take a while, so that somebody can hold one."""
    file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    before = file.read_text()

    def write(more: str = "") -> Environment:
        slow = before.replace("step_minimum_requests = 20\n", f"step_minimum_requests = 120\n{more}")
        file.write_text(slow.replace("step_timeout_seconds = 40", "step_timeout_seconds = 120"))
        return started_platform

    yield write
    file.write_text(before)


def pipeline(*words: str) -> dict[str, Any]:
    """What a verb said, as JSON."""
    done = subprocess.run([str(PIPELINE), *words, "--json"], capture_output=True, text=True, timeout=90, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "code": done.returncode}


def until(what: str, is_so: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.3)


class Flight:
    """A release of v2 over a live v1, started as the button in the UI does."""

    def __init__(self, environment: Environment, folder: Path, app: str) -> None:
        self.api, self.app = PrefectApi(environment.prefect_url), app
        self.edge = connect(environment, app).edge
        commit(folder, "v1", {"pipeline.toml": manifest(app), "server.py": server()})
        commit(folder, "v2", {"note": "second"})
        assert self.over(self.start(folder, "v1")).outcome == "Promoted"
        self.run = self.start(folder, "v2")
        until("v2 gets its first visitors", lambda: self.edge.route().weight == 20)

    def start(self, folder: Path, ref: str) -> FlowRun:
        return self.api.start("release", "local", {"repository": str(folder), "ref": ref})

    def form(self, action: str, reason: str, who: str) -> FlowRun:
        asked = {"app": self.app, "action": action, "reason": reason, "who": who}
        return self.over(self.api.start("hold", "local", asked))

    def over(self, run: FlowRun) -> FlowRun:
        until(f"{run.name} is over", lambda: self.api.flow_run(run.id).is_over, 120)
        return self.api.flow_run(run.id)

    @property
    def said(self) -> str:
        return "\n".join(line.text for line in self.api.log(self.run.id, 0))


def test_a_held_release_keeps_its_weight_until_somebody_lets_it_go_on_and_then_is_promoted(
    slowly: Callable[[str], Environment], tmp_path: Path
) -> None:
    flight = Flight(slowly(""), tmp_path / "app", "hold-app")
    held = pipeline("hold", "--app", "hold-app", "--place", "--reason", "phones ring", "--who", "Ann")
    assert (held["outcome"], held["code"]) == ("Held", 0)

    (shown,) = (one for one in pipeline("status")["apps"] if one["app"] == "hold-app")
    assert (shown["live"], shown["beside"], shown["weight"]) == ("v1", "v2", 20)
    assert (shown["hold"]["who"], shown["hold"]["reason"]) == ("Ann", "phones ring")
    assert (shown["release"]["version"], shown["release"]["stages"]) == ("v2", ["canary 20 %"])

    until("the ramp says so", lambda: "v2 stays at 20 %, held by Ann" in flight.said)
    # By now an unheld step would have its evidence: 120 probes at 10 a second.
    time.sleep(12)
    assert (flight.edge.route().weight, flight.api.flow_run(flight.run.id).is_over) == (20, False)

    assert flight.form("release", "all quiet", "Bob").outcome == "Released"
    assert flight.over(flight.run).outcome == "Promoted"
    (shown,) = (one for one in pipeline("status")["apps"] if one["app"] == "hold-app")
    assert (shown["live"], shown["hold"], shown["release"]) == ("v2", None, None)


def test_a_hold_that_nobody_ends_takes_the_release_back_and_says_so(
    slowly: Callable[[str], Environment], tmp_path: Path
) -> None:
    flight = Flight(slowly("hold_timeout_seconds = 6\n"), tmp_path / "app", "wait-app")
    assert flight.form("place", "wait for Ann", "Bob").outcome == "Held"
    over = flight.over(flight.run)
    assert over.outcome == "RolledBack"
    assert over.message.startswith("v2 at 20 %: held by Bob since ")
    assert "wait for Ann; nobody ended it in 6 s" in over.message
    assert flight.edge.route().weight == 0
