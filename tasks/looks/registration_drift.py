"""Whether somebody stopped at the Prefect server what should run by itself."""

from __future__ import annotations

from infra.environment import load_environment
from infra.prefect_records import stopped_flows
from tasks.looks import Finding, Look
from tasks.stage import stage

KIND = "registration drift"


@stage("look at what runs by itself", tries=3)
def look_at_registrations(environment: str) -> Look:
    """Paused deployments and schedules that are off. What else differs, only `pipeline deploy --dry-run` can tell."""
    count, stopped = stopped_flows(load_environment(environment).prefect_url, environment)
    if not count:
        return Look(KIND, f"no flow is registered for {environment}")
    todo = f"`pipeline deploy --env {environment}` puts it back, and shows what else differs"
    return Look(KIND, f"{count} flows are registered for {environment}", tuple(Finding(one, todo) for one in stopped))
