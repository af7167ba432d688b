"""An environment at vendors whose orchestrator is the session's own Prefect server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments.registration.deploy import make, steps_for
from deployments.registration.registry import Registry
from infra.environment import Environment


@pytest.fixture
def elsewhere(started_platform: Environment) -> Iterator[Environment]:
    """Registered from scratch, and gone from the server after the test."""
    environment = Environment(name="acceptance", kind="staging", prefect_api=started_platform.prefect_url)
    _forget(environment)
    make(steps_for(environment), print)
    yield environment
    _forget(environment)


def _forget(environment: Environment) -> None:
    registry = Registry(environment.prefect_url)
    for row in registry.all_of("deployments", {"deployments": {"name": {"any_": [environment.name]}}}):
        registry.send("DELETE", f"/deployments/{row['id']}")
    if registry.find(f"/work_pools/{environment.name}"):
        registry.send("DELETE", f"/work_pools/{environment.name}")
