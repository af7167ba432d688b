"""Vercel's own tool and our release flow on the same rolling release: each sees what the other one does."""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import commit, manifest, server
from prefect.client.schemas.objects import State
from vercel_tool import Run, tool_at

from deployments.twins.staging import NAME, Staging, staging_at_twins
from flows.hold import hold
from flows.release import release
from infra.environment import Environment

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
APP = "stepped-app"
RULES = """
[backups]
missing_proof = "make"

[canary]
weights = [20, 40, 60, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 60
step_timeout_seconds = 120

[watch]
seconds = 1
previous_percent = 0
"""


@pytest.fixture
def staging(started_platform: Environment, tmp_path: Path) -> Iterator[Staging]:
    with staging_at_twins(started_platform, APP, tmp_path, RULES) as found:
        yield found


@pytest.fixture
def vercel(vercel_program: str, staging: Staging, tmp_path: Path) -> Run:
    return tool_at(vercel_program, staging.vercel, tmp_path)


class Running:
    """A release in a thread of its own."""

    def __init__(self, repository: Path, ref: str) -> None:
        self.ended: list[State[Any]] = []
        asked = {"repository": str(repository), "ref": ref, "environment": NAME}
        context = contextvars.copy_context()
        act: Callable[[], None] = lambda: self.ended.append(release(**asked, return_state=True))  # noqa: E731
        self._thread = threading.Thread(target=context.run, args=(act,), daemon=True)
        self._thread.start()

    def end(self) -> State[Any]:
        self._thread.join(400)
        assert self.ended, "it does not end"
        return self.ended[0]


def until(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.2)


def id_of(staging: Staging, label: str) -> str:
    made = staging.vercel.production.deployments.values()
    return next(one.id for one in made if staging.vercel.label_of(one.meta) == label)


def word(action: str) -> str | None:
    ended = hold(APP, action, "Vercel's tool is tried", "Ann", environment=NAME, return_state=True)
    return ended.name


def rolling(shown: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    return found


def test_the_tool_sees_and_steps_what_our_flow_began_and_the_flow_goes_on_from_there(
    staging: Staging, vercel: Run, tmp_path: Path
) -> None:
    commit(tmp_path / "app", "v1", {"pipeline.toml": manifest(APP), "server.py": server()})
    commit(tmp_path / "app", "v2", {"note": "second"})
    assert Running(tmp_path / "app", "v1").end().name == "Promoted"
    edge = staging.platform().edge

    flying = Running(tmp_path / "app", "v2")
    until("the first visitors of v2", lambda: edge.route().weight == 20)
    assert word("place") == "Held"
    shown = rolling(vercel("rolling-release", "fetch"))
    assert shown["activeStage"]["targetPercentage"] == 20
    assert shown["canaryDeployment"]["id"] == id_of(staging, "v2")
    listed = vercel("ls")
    assert all(one.site.host in listed for one in staging.vercel.production.deployments.values())

    vercel("rolling-release", "approve", "--dpl", id_of(staging, "v2"), "--currentStageIndex", "0")
    assert edge.route().weight == 40
    assert word("release") == "Released"
    ended = flying.end()
    assert (ended.name, staging.served()) == ("Promoted", "v2"), ended.message
    assert len(staging.vercel.calls("approveRollingReleaseStage")) >= 2, "the tool's step, and those of the flow"

    vercel("rollback", id_of(staging, "v1"), "--yes", "--scope", "team")
    route = edge.route()
    assert (route.live_target and route.live_target.version, route.weight) == ("v1", 0)
    assert staging.served() == "v1"
    vercel("promote", id_of(staging, "v2"), "--yes", "--scope", "team")
    assert edge.route().weight == 20, "the tool's promotion is a rolling release too, and we see it"
    vercel("rolling-release", "abort", "--dpl", id_of(staging, "v1"))
    assert edge.route().weight == 0
