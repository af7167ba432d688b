"""Prefect's own `prefect deploy` reads prefect.yaml too, and makes of it what `pipeline deploy` does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.registration.declared import declared_for
from infra.environment import PROJECT_FOLDER, load_environment
from infra.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
# Of each deployment: what decides where and how its runs are made.
COMPARED = ("entrypoint", "description", "parameters", "parameter_openapi_schema", "work_pool_name", "pull_steps")


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a Prefect server with nothing on it."""
    port = free_port()
    home = {"PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    variables = {**os.environ, **home, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    words = [_prefect(), "server", "start", "--port", str(port)]
    server = subprocess.Popen(words, env=variables, stdout=subprocess.DEVNULL)
    try:
        _wait(variables["PREFECT_API_URL"], server)
        yield variables
    finally:
        server.terminate()
        server.wait(40)


def _prefect() -> str:
    return str(Path(sys.executable).parent / "prefect")


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            assert server.poll() is None, "the server did not start"
        assert time.monotonic() < deadline, "the server did not come"
        time.sleep(0.3)


def prefect(variables: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        [_prefect(), "--no-prompt", *words],
        cwd=PROJECT_FOLDER,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_declared_of_an_environment_is_on_the_server_after_prefect_deploy(
    empty_server: dict[str, str],
) -> None:
    before = (PROJECT_FOLDER / "prefect.yaml").read_text()
    prefect(empty_server, "work-pool", "create", "staging", "--type", "process")

    prefect(empty_server, "deploy", "--name", "*/staging")

    assert (PROJECT_FOLDER / "prefect.yaml").read_text() == before
    with httpx.Client(base_url=empty_server["PREFECT_API_URL"]) as server:
        for declared in declared_for(load_environment("staging")):
            answer = server.get(f"/deployments/name/{declared.full_name}").raise_for_status()
            found: dict[str, Any] = answer.json()
            assert {key: found[key] for key in COMPARED} == {key: declared.body[key] for key in COMPARED}
            assert {one["slug"] for one in found["schedules"]} == set(declared.body["schedules"])
            assert set(found["tags"]) <= set(declared.body["tags"])
