"""An environment at vendors whose orchestrator is the session's own Prefect server."""

from __future__ import annotations

import pytest

from deployments.registration.deploy import make, steps_for
from infra.environment import Environment


@pytest.fixture
def elsewhere(started_platform: Environment) -> Environment:
    """Registered; what an earlier test did to it is put right, so it costs little after the first."""
    environment = Environment(name="acceptance", kind="staging", prefect_api=started_platform.prefect_url)
    make(steps_for(environment), print)
    return environment
