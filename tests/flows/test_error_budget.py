"""The error budget of a real app: what its visitors were answered by the real edge, on the environment's page."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from apps import commit, manifest, server

from flows.refresh import refresh
from flows.release import release
from infra.environment import Environment
from infra.platform import connect
from tasks.availability import read_availability

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
APP = "budget-app"
GOOD, BAD = 40, 5


def page(environment: Environment) -> str:
    """The artifact as a person finds it in the UI."""
    answer = httpx.get(f"{environment.prefect_url}/artifacts/environment-local/latest")
    return str(answer.raise_for_status().json()["data"])


def test_every_visitor_is_counted_once_however_often_the_page_is_written(
    started_platform: Environment, tmp_path: Path
) -> None:
    files = {"pipeline.toml": manifest(APP), "server.py": server("self.path == '/bad'")}
    commit(tmp_path / "app", "v1", files)
    assert (
        release(repository=str(tmp_path / "app"), ref="v1", environment="local", return_state=True).name == "Promoted"
    )
    platform = connect(started_platform, APP)
    assert refresh(environment="local", return_state=True).name == "Shown"
    before = read_availability(platform.objects, APP).budget(0.999, 1, time.time())

    for path, times in (("/", GOOD), ("/bad", BAD)):
        for _ in range(times):
            httpx.get(f"{platform.url}{path}")
    time.sleep(1.5)  # the second that is under way is counted when it is over
    for _ in range(2):
        assert refresh(environment="local", return_state=True).name == "Shown"

    after = read_availability(platform.objects, APP).budget(0.999, 1, time.time())
    assert (after.requests - before.requests, after.failures - before.failures) == (GOOD + BAD, BAD)
    assert f"| {APP} | **" in page(started_platform), (
        "one request of nine failed: the promise is broken, and the page says so"
    )
    assert f"{after.failures} of {after.requests}" in page(started_platform)
