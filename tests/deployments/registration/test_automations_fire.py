"""With real processes: a worker and a tiny flow are killed, and the server notices by itself. Windows are shortened."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deployments.registration import automation_table
from deployments.registration.declared import our_tag
from deployments.registration.deploy import make, steps_for
from deployments.registration.registry import Registry, Row
from infra.environment import PROJECT_FOLDER, Environment
from infra.local.guard import guard_paused
from tests.deployments.registration.test_automations import hooked, started, wait_for

__all__ = ["hooked"]  # a fixture
pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
TAGS = [our_tag(), "acceptance", "release"]
AT_ONCE = 10.0  # the least that Prefect's server takes


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SILENT_SECONDS", "LATE_SECONDS", "ABSENT_SECONDS"):
        monkeypatch.setattr(automation_table, name, AT_ONCE)


@contextlib.contextmanager
def working(environment: Environment, home: Path) -> Iterator[psutil.Process]:
    """A worker of the environment's pool."""
    variables = {**os.environ, "PREFECT_API_URL": environment.prefect_url, "PREFECT_HOME": str(home)}
    variables |= {"PIPELINE_PROJECT": str(PROJECT_FOLDER), "PREFECT_WORKER_QUERY_SECONDS": "1"}
    binary = str(Path(sys.executable).parent / "prefect")
    words = [binary, "worker", "start", "--pool", environment.name, "--type", "process"]
    with subprocess.Popen(words, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        try:
            yield psutil.Process(worker.pid)
        finally:
            _kill(psutil.Process(worker.pid)) if worker.poll() is None else None


def _kill(worker: psutil.Process) -> None:
    """The host is lost: the worker and the runs that it started, with no last word."""
    for process in [worker, *worker.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def sleeping(registry: Registry, environment: Environment) -> Row:
    flow = registry.post("/flows/", {"name": "sleeper"})
    body = {
        "name": environment.name,
        "flow_id": flow["id"],
        "tags": TAGS,  # so that it goes with the next deploy
        "entrypoint": "tests/deployments/registration/sleeper.py:sleeper",
        "work_pool_name": environment.name,
        "job_variables": {"stream_output": False, "env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}},
        "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PIPELINE_PROJECT }}"}}],
    }
    deployment = registry.post("/deployments/", body)
    return registry.post(f"/deployments/{deployment['id']}/create_flow_run", {"tags": TAGS})


def state_of(registry: Registry, run: Row) -> str:
    found = registry.find(f"/flow_runs/{run['id']}")
    return str(found["state_type"]) if found else ""


def test_a_run_whose_host_is_lost_is_shown_as_crashed_told_and_recovered(
    hooked: tuple[Environment, list[dict[str, str]]], started_platform: Environment, tmp_path: Path
) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    before = len(started(registry, environment, "recover"))
    run = sleeping(registry, environment)
    with guard_paused(started_platform):  # it shares this server, and would be faster
        with working(environment, tmp_path) as worker:
            wait_for(lambda: state_of(registry, run) == "RUNNING", 180)
            _kill(worker)
        wait_for(lambda: state_of(registry, run) == "CRASHED", 120)
    ended = registry.find(f"/flow_runs/{run['id']}")
    assert ended
    assert ended["state"]["message"] == f"nothing was heard of it for {AT_ONCE:.0f} s"
    wait_for(lambda: [one for one in got if run["id"] in one["text"]])
    wait_for(lambda: len(started(registry, environment, "recover")) > before)


def test_a_run_that_nobody_begins_and_a_pool_without_a_worker_are_told(
    hooked: tuple[Environment, list[dict[str, str]]], tmp_path: Path
) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    with working(environment, tmp_path) as worker:
        pool = f"/work_pools/{environment.name}"
        wait_for(lambda: (registry.find(pool) or {})["status"] == "READY", 180)
        _kill(worker)
    run = sleeping(registry, environment)
    wait_for(lambda: [one for one in got if run["name"] in one["text"] and "has not" in one["text"]], 120)
    wait_for(lambda: [one for one in got if "nobody takes runs from work pool acceptance" in one["text"]], 240)


def test_recoveries_that_nobody_takes_are_dropped_and_tell_nobody(
    hooked: tuple[Environment, list[dict[str, str]]],
) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    recover = registry.find(f"/deployments/name/recover/{environment.name}")
    assert recover
    run = registry.post(f"/deployments/{recover['id']}/create_flow_run", {})
    wait_for(lambda: state_of(registry, run) == "CANCELLED", 180)
    assert run["name"] not in str(got)


def test_a_run_that_dies_before_it_begins_is_shown_as_crashed_and_told(
    hooked: tuple[Environment, list[dict[str, str]]],
) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    backup = registry.find(f"/deployments/name/backup/{environment.name}")
    assert backup
    run = registry.post(f"/deployments/{backup['id']}/create_flow_run", {})
    registry.send("POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": "PENDING"}})
    wait_for(lambda: state_of(registry, run) == "CRASHED", 180)
    wait_for(lambda: [one for one in got if run["id"] in one["text"]])


def test_the_windows_of_these_tests_are_the_only_difference(elsewhere: Environment) -> None:
    make(steps_for(elsewhere), print)
    assert steps_for(elsewhere) == []
