"""A real Prefect server with flows that are over in a moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from steps import Step, push

from deployments.prefect_api import PrefectApi
from deployments.prefect_wire import PrefectWire
from deployments.trigger.order import FIELDS
from infra.environment import Environment
from infra.errors import BadInput
from infra.local.prefect import prefect_variables

NAME = "tiny"


@dataclass(frozen=True)
class Tiny:
    """An environment in which a release is over in a moment; `folder` is where it leaves what it did."""

    api: PrefectApi
    url: str
    folder: Path

    def step(
        self,
        event: str,
        payload: dict[str, Any],
        inputs: Mapping[str, str] | None = None,
        *,
        asks_back: bool = False,
        **variables: str,
    ) -> Step:
        """The action's step, led to this environment by its inputs."""
        number = len(list(self.folder.glob("job-*")))
        where = {
            "PIPELINE_ENVIRONMENTS": str(self.folder / "environments"),
            "GITHUB_REF": str(payload.get("ref", "")),
            "GITHUB_SHA": str(payload.get("after", "")),
        }
        given = {"repository": str(self.folder), "branches": f"main={NAME}", "previews": NAME, **(inputs or {})}
        # Two tests may not be the same run of the same workflow.
        job = self.folder / f"job-{self.folder.name}-{number}"
        return Step(job, event, payload, given, asks_back=asks_back, **where | variables)

    def push(self, ref: str, inputs: Mapping[str, str] | None = None, **variables: str) -> Step:
        """A push, of what the tiny release takes for its commit."""
        return self.step("push", push("main", ref), inputs, **variables)

    def did(self, ref: str) -> list[str]:
        """What the release of `ref` left."""
        mark = self.folder / f"{ref}.txt"
        return mark.read_text().split("\n")[:-1] if mark.exists() else []


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Processes that serve the tiny flows, by the server that they serve."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    yield running
    for process in running.values():
        process.kill()  # asked to end it would first tell its server, which may be gone by now
    for process in running.values():
        process.wait(200)


@pytest.fixture
def tiny(started_platform: Environment, served: dict[str, subprocess.Popen[bytes]], tmp_path: Path) -> Tiny:
    """On the platform's own server."""
    url = started_platform.prefect_url
    if url not in served:
        served[url] = serve(url, prefect_variables(started_platform))
    return tiny_at(url, tmp_path)


def tiny_at(url: str, folder: Path) -> Tiny:
    """The environment's file, and a handle on its server."""
    (folder / "environments").mkdir()
    file = f'name = "{NAME}"\nkind = "local"\nprefect_api = "{url}"\n'
    (folder / "environments" / f"{NAME}.toml").write_text(file)
    return Tiny(PrefectApi(url), url, folder)


def serve(url: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    """The tiny flows, once the server knows them."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "tiny_flows.py"), NAME],
        env={**os.environ, **variables, "PREFECT_API_URL": url, "PREFECT_RUNNER_POLL_FREQUENCY": "1"},
    )
    deadline = time.monotonic() + 90
    while not _is_known(url):
        assert process.poll() is None, "the tiny flows are not served"
        assert time.monotonic() < deadline, "the tiny flows did not come"
        time.sleep(0.3)
    return process


def _is_known(url: str) -> bool:
    try:
        for flow in FIELDS:
            PrefectWire(url).ask("GET", f"/deployments/name/{flow}/{NAME}")
    except BadInput:
        return False
    return True
