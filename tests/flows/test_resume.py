"""A failed release goes on where it failed: finished stages are taken over, as long as what they say is still true."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from apps import commit, manifest, server

import flows.release  # noqa: F401 - the stages register themselves when they are loaded
from deployments.prefect_api import PrefectApi, TaskRun
from infra.environment import Environment
from infra.locks.of_environment import locks_of
from infra.orphans import find_orphans
from infra.platform import Platform, connect, objects_of
from tasks.policy import request_rerun
from tasks.records import Record, find_record

pytestmark = [pytest.mark.platform, pytest.mark.slow]
GATED = '[checks]\nunit = "echo unit >> {0}/ran"\n[smoke]\ncommand = "echo smoke >> {0}/ran; test -e {0}/open"\n'
WAITING = GATED.replace("test -e {0}/open", "while ! test -e {0}/open; do sleep 1; done")


class World:
    """A release by the worker, as a person starts it from the UI."""

    def __init__(self, environment: Environment, folder: Path, app: str) -> None:
        self.environment, self.folder, self.app = environment, folder, app
        self.api = PrefectApi(environment.prefect_url)
        self.repository = folder / "app"

    @property
    def platform(self) -> Platform:
        return connect(self.environment, self.app)

    @property
    def ran(self) -> list[str]:
        """What the app's own commands wrote when they were executed."""
        return (self.folder / "ran").read_text().split()

    def commit(self, tag: str, more: str = "") -> None:
        commit(self.repository, tag, {"pipeline.toml": manifest(self.app, more), "server.py": server()})

    def release(self, ref: str, **more: Any) -> str:
        """The flow run's id, once it is over."""
        run = self.api.start("release", "local", {"repository": str(self.repository), "ref": ref, **more})
        return self.end_of(run.id)

    def retry(self, run: str) -> str:
        """As the button does."""
        self.api.retry(run)
        return self.end_of(run)

    def end_of(self, run: str) -> str:
        deadline = time.monotonic() + 150
        while not self.api.flow_run(run).is_over:
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.3)
        return run

    def wait(self, what: str, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not is_there():
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(0.2)

    def outcome(self, run: str) -> str:
        return self.api.flow_run(run).outcome

    def stages(self, run: str, attempt: int) -> dict[str, TaskRun]:
        """The task runs of one attempt by their names."""
        rows = httpx.post(
            f"{self.environment.prefect_url}/task_runs/filter", json={"flow_runs": {"id": {"any_": [run]}}}
        ).json()
        of_attempt = {row["id"] for row in rows if row["flow_run_run_count"] == attempt}
        return {one.name: one for one in self.api.task_runs(run) if one.id in of_attempt}

    def record(self, run: str, ref: str) -> Record:
        found = find_record(objects_of(self.environment), f"{ref}-{run[:8]}")
        assert found is not None
        return found


@pytest.fixture
def world(started_platform: Environment, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return World(started_platform, tmp_path, f"app-{abs(hash(request.node.name)) % 10**8}")


def test_retry_goes_on_from_the_failed_stage_and_does_nothing_twice_that_is_still_true(world: World) -> None:
    world.commit("v1", GATED.format(world.folder))
    run = world.release("v1")
    assert (world.outcome(run), world.ran) == ("RolledBack", ["unit", "smoke"])
    (world.folder / "open").touch()

    world.retry(run)

    assert (world.outcome(run), world.ran) == ("Promoted", ["unit", "smoke", "smoke"])
    second = world.stages(run, 2)
    cached = {name for name, one in second.items() if one.outcome == "Cached"}
    scans = {f"scan for {kind}" for kind in ("secrets", "sast", "dependencies")}
    assert cached >= {"checkout v1", "unit tests", "integration tests", "coverage", *scans}
    assert "start candidate" not in cached, "the way back had ended it"
    record = world.record(run, "v1")
    assert (record.standing, record.attempt) == ("promoted", 2)
    assert locks_of(world.environment).read() is None


def test_a_ref_that_moved_meanwhile_does_not_move_the_release(world: World) -> None:
    world.commit("v1", GATED.format(world.folder))
    run = world.release("main")
    commit(world.repository, "later", {"note": "pushed after the failure"})
    (world.folder / "open").touch()

    world.retry(run)

    live = world.platform.edge.route().live_target
    assert live is not None
    found = world.platform.hosting.find(live.deployment)
    assert found is not None
    assert found.version == world.record(run, "main").release.version
    assert world.outcome(run) == "Promoted"


def test_from_a_named_stage_on_all_is_done_anew_and_the_reason_is_on_record(world: World) -> None:
    world.commit("v1", GATED.format(world.folder))
    run = world.release("v1")
    (world.folder / "open").touch()
    request_rerun(objects_of(world.environment), world.app, f"v1-{run[:8]}", "unit tests", "the runner was ill", "ann")

    world.retry(run)

    assert (world.outcome(run), world.ran) == ("Promoted", ["unit", "smoke", "unit", "smoke"])
    assert world.record(run, "v1").waivers == ("from 'unit tests' on anew: the runner was ill (ann)",)


def test_a_second_retry_after_a_promotion_does_nothing(world: World) -> None:
    world.commit("v1")
    run = world.release("v1")
    world.retry(run)
    assert world.outcome(run) == "Promoted"
    assert set(world.stages(run, 2)) == {"look for an earlier attempt", "checkout v1"}


def test_what_policy_does_not_let_go_is_not_skipped(world: World) -> None:
    world.commit("v1")
    run = world.release("v1", skip=["gates"], skip_reason="late", skip_who="ann")
    assert world.outcome(run) == "Refused"
    assert "'gates' may not be skipped in local" in world.api.flow_run(run).message


def test_a_killed_release_is_taken_back_by_itself_and_goes_on_after_retry(world: World) -> None:
    world.commit("v1", WAITING.format(world.folder))
    run = world.api.start("release", "local", {"repository": str(world.repository), "ref": "v1"}).id
    locks = locks_of(world.environment)
    world.wait("the smoke tests", lambda: (world.folder / "ran").exists() and "smoke" in world.ran)
    lock = locks.read()
    assert lock is not None
    assert (lock.holder.what, lock.holder.flow_run) == ("release", run)

    os.kill(lock.holder.pid, signal.SIGKILL)

    world.wait("the recovery", lambda: world.record(run, "v1").standing == "rolled back" and locks.read() is None)
    assert world.platform.edge.route().live is None
    assert not any(one.is_running for one in world.platform.hosting.deployments())
    assert find_orphans() == [], "the smoke tests did not outlive their release"
    world.end_of(run)
    (world.folder / "open").touch()
    world.retry(run)
    assert (world.outcome(run), world.ran) == ("Promoted", ["unit", "smoke", "smoke"])
