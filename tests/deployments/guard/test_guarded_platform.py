"""On the whole platform: what is killed comes back by itself, and what Prefect shows is what is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from apps import commit, manifest, server

from deployments.guard.flow_runs import FlowRuns
from flows.backup import backup
from flows.release import release
from infra.environment import Environment
from infra.hosting.local import LocalHosting
from infra.incidents.stored import StoredIncidents
from infra.local.platform import chains, status_of
from infra.locks import this_process
from infra.locks.of_environment import locks_of
from infra.orphans import start_ticks
from infra.platform import connect, objects_of

pytestmark = [pytest.mark.platform, pytest.mark.slow]

SERVICES = (
    "object-store",
    "postgres-primary",
    "postgres-standby",
    "postgres-control",
    "prefect-server",
    "prefect-worker",
    "edge",
)
PATIENCE_SECONDS = 150.0


def seconds_until(holds: Callable[[], bool]) -> float:
    """How long it took to come to hold. Fails after a time that no machine needs."""
    started = time.monotonic()
    while not holds():
        waited = time.monotonic() - started
        assert waited < PATIENCE_SECONDS, f"not after {waited:.0f} s"
        time.sleep(0.1)
    return time.monotonic() - started


def dead_process() -> tuple[int, int]:
    """The number and the start of a process that lived, and was killed."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ticks = start_ticks(child.pid) or 0
    child.kill()
    child.wait()
    return child.pid, ticks


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_is_healthy_again_with_another_process(
    started_platform: Environment, name: str, record_property: Callable[[str, Any], None]
) -> None:
    (service,) = [one for chain in chains(started_platform) for one in chain if one.name == name]
    pid = service.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    took = seconds_until(lambda: service.status().state == "healthy" and service.status().pid != pid)
    record_property("seconds", round(took, 1))
    print(f"{name} was back after {took:.1f} s")
    seconds_until(lambda: all(found.state == "healthy" for found in status_of(started_platform)))


def test_a_killed_live_version_serves_again_at_its_address(started_platform: Environment, tmp_path: Path) -> None:
    repository = tmp_path / "app"
    commit(repository, "v1", {"pipeline.toml": manifest("guarded-app"), "server.py": server()})
    assert release(str(repository), "v1", return_state=True).name == "Promoted"
    platform = connect(started_platform, "guarded-app")
    (found,) = LocalHosting(started_platform.state / "apps" / "guarded-app").deployments()
    pid = _listener(found.address)
    os.kill(pid, signal.SIGKILL)
    took = seconds_until(lambda: _answers(platform.url) and _listener(found.address) not in (0, pid))
    print(f"the live version was back after {took:.1f} s")


def test_a_dead_holder_is_recovered_and_the_lock_is_free(started_platform: Environment) -> None:
    pid, ticks = dead_process()
    locks = locks_of(started_platform)
    mine = this_process("v1-gone", "release", "nobodys-app", "v1", "a test", "")
    left = locks.acquire(replace(mine, pid=pid, ticks=ticks))
    took = seconds_until(lambda: locks.read() is None)
    print(f"the lock of {left.holder} was free after {took:.1f} s")


def test_a_restore_that_is_killed_is_gone_on_with_by_itself(started_platform: Environment) -> None:
    assert backup(environment=started_platform.name, return_state=True).is_completed()
    api, locks = FlowRuns(started_platform.prefect_url), locks_of(started_platform)
    asked = {"environment": started_platform.name, "to_latest": True, "dry_run": False}
    run = api.start("restore", started_platform.name, asked)
    seconds_until(lambda: (lock := locks.read()) is not None and lock.holder.what == "restore")
    time.sleep(2)
    lock = locks.read()
    assert lock is not None, "it was over before it could be killed"
    os.kill(lock.holder.pid, signal.SIGKILL)
    took = seconds_until(lambda: locks.read() is None)
    print(f"the environment was free after {took:.1f} s")
    said = [incident.title for incident in StoredIncidents(objects_of(started_platform)).list()]
    assert any(title.startswith(f"{started_platform.name} is at latest") for title in said), said
    seconds_until(lambda: api.flow_run(run.id).is_over)
    seconds_until(lambda: all(found.state == "healthy" for found in status_of(started_platform)))


def test_a_run_whose_process_is_gone_is_shown_as_crashed_and_one_that_lives_is_not(
    started_platform: Environment,
) -> None:
    api = FlowRuns(started_platform.prefect_url)
    gone, alive = _running(started_platform, dead_process()[0]), _running(started_platform, os.getpid())
    seconds_until(lambda: api.flow_run(gone).is_over)
    assert api.flow_run(gone).type == "CRASHED"
    assert "is gone" in api.flow_run(gone).message
    assert api.flow_run(alive).type == "RUNNING"
    _set(started_platform, alive, "COMPLETED")


def test_a_run_that_was_to_be_cancelled_and_died_is_shown_as_cancelled(started_platform: Environment) -> None:
    api = FlowRuns(started_platform.prefect_url)
    run = _running(started_platform, dead_process()[0])
    _set(started_platform, run, "CANCELLING")
    seconds_until(lambda: api.flow_run(run).is_over)
    assert api.flow_run(run).type in ("CANCELLED", "CRASHED")


def _running(environment: Environment, pid: int) -> str:
    """A flow run that Prefect believes to be carried by process `pid`."""
    with httpx.Client(base_url=environment.prefect_url) as client:
        flow = client.post("/flows/", json={"name": "some-flow"}).json()["id"]
        run = str(client.post("/flow_runs/", json={"flow_id": flow, "state": {"type": "PENDING"}}).json()["id"])
        client.patch(f"/flow_runs/{run}", json={"infrastructure_pid": str(pid)}).raise_for_status()
    _set(environment, run, "RUNNING")
    return run


def _set(environment: Environment, run: str, kind: str) -> None:
    body = {"state": {"type": kind}, "force": True}
    answer = httpx.post(f"{environment.prefect_url}/flow_runs/{run}/set_state", json=body)
    assert answer.json()["status"] == "ACCEPT", answer.text


def _listener(address: str) -> int:
    """Who listens there; 0 for nobody."""
    port = int(address.rpartition(":")[2])
    return next((c.pid or 0 for c in psutil.net_connections("tcp") if c.laddr.port == port and c.status == "LISTEN"), 0)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
