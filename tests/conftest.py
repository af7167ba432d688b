"""The whole local platform, started once for the session for the tests that need it, on ports of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from infra.environment import Environment, load_environment
from infra.local.platform import bring_up, take_down

FIRST_PORT = 27_000
QUICK = """
name = "local"
kind = "local"

[platform]
edge_ports = [{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13}, {14}, {15}]
edge_admin_port = {16}
postgres_port = {17}
standby_port = {18}
control_postgres_port = {19}
object_store_port = {20}
prefect_port = {21}

[traffic]
drain_seconds = 1

[canary]
weights = [20, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 20
step_timeout_seconds = 40

[watch]
seconds = 1
"""


@pytest.fixture(scope="session")
def platform_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one environment, `local`, quick and on free ports; commands and workers find it too."""
    folder = tmp_path_factory.mktemp("environments")
    (folder / "local.toml").write_text(QUICK.format(*range(FIRST_PORT, FIRST_PORT + 22)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_ENVIRONMENTS", str(folder))
        patch.setenv("PIPELINE_STATE", str(tmp_path_factory.mktemp("state")))
        patch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{FIRST_PORT + 21}/api")
        yield folder


@pytest.fixture(scope="session")
def started_platform(platform_files: Path) -> Iterator[Environment]:
    """The platform, healthy; stopped at the end of the session."""
    environment = load_environment("local")
    try:
        bring_up(environment, print)
        home = {PREFECT_API_URL: environment.prefect_url, PREFECT_HOME: Path(os.environ["PIPELINE_STATE"]) / "home"}
        with temporary_settings(updates=home):
            yield environment
    finally:
        take_down(environment, print)
