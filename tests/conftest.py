"""The whole local platform, started once for the session for the tests that need it, on ports of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from infra.environment import Environment, load_environment
from infra.errors import BadInput
from infra.local.platform import bring_up, take_down
from infra.ports import listen

# How fast a machine draws examples is no property of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
FIRST_PORTS = range(27_000, 27_900, 30)
PORTS = 22
PORTS_PER_WORKER = 8  # steps of FIRST_PORTS
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

[backups]
missing_proof = "make"

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
def platform_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What leads commands, workers and this process to one environment, `local`, quick and on ports of its own."""
    folder = tmp_path_factory.mktemp("environments")
    ports = free_ports()
    (folder / "local.toml").write_text(QUICK.format(*ports))
    return {
        "PIPELINE_ENVIRONMENTS": str(folder),
        "PIPELINE_STATE": str(tmp_path_factory.mktemp("state")),
        "PREFECT_API_URL": f"http://127.0.0.1:{ports[-1]}/api",
    }


def free_ports() -> range:
    """Ports in a row that nobody has: another run of the tests may be under way on this machine."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    # Two workers that look at the same moment must not find the same ones.
    for first in FIRST_PORTS[worker * PORTS_PER_WORKER :]:
        ports = range(first, first + PORTS)
        try:
            for port in ports:
                listen(port).close()
        except BadInput:
            continue
        return ports
    raise BadInput("ports", f"no {PORTS} free ones in a row from {FIRST_PORTS.start} on", "end other runs of the tests")


@contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[Environment]:
    """The environment that they lead to, for as long as they are set: other tests have platforms of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield load_environment("local")


@pytest.fixture(scope="session")
def _platform_of_the_session(platform_variables: dict[str, str]) -> Iterator[None]:
    try:
        with variables_set(platform_variables) as environment:
            bring_up(environment, print)
        yield
    finally:
        # What this process still has to tell the server goes out while there is one: at exit it would wait long.
        EventsWorker.drain_all()
        APILogWorker.drain_all()
        with variables_set(platform_variables) as environment:
            take_down(environment, print)


@pytest.fixture
def started_platform(platform_variables: dict[str, str], _platform_of_the_session: None) -> Iterator[Environment]:
    """The platform, healthy. Everything of the test that asks for an environment called `local` gets it."""
    with variables_set(platform_variables) as environment:
        home = Path(platform_variables["PIPELINE_STATE"]) / "home"
        with temporary_settings(updates={PREFECT_API_URL: environment.prefect_url, PREFECT_HOME: home}):
            yield environment
