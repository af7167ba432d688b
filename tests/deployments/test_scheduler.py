"""What is scheduled is really planned by the server: a run that nobody starts is one that nobody misses."""

from __future__ import annotations

import time

import httpx
import pytest

from infra.environment import Environment

pytestmark = pytest.mark.platform
SCHEDULED = {"recover", "refresh", "backup", "verify-backup", "look-after"}


def planned(environment: Environment) -> set[str]:
    """The flows of runs that the scheduler made for later."""
    with httpx.Client(base_url=environment.prefect_url, timeout=30) as server:
        asked = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]}}}}
        runs = server.post("/flow_runs/filter", json={**asked, "limit": 200}).raise_for_status().json()
        flows = {run["flow_id"] for run in runs if run["auto_scheduled"]}
        return {server.get(f"/flows/{flow}").raise_for_status().json()["name"] for flow in flows}


def test_the_server_plans_the_runs_of_every_schedule(started_platform: Environment) -> None:
    deadline = time.monotonic() + 240  # it looks once a minute, and at new deployments more often
    while not planned(started_platform) >= SCHEDULED:
        assert time.monotonic() < deadline, f"planned are {planned(started_platform) or 'none'}"
        time.sleep(1)
