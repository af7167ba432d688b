"""Writes an environment's page in the Prefect UI anew, so that it is never older than some minutes."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from tasks.environment_page import count_visitors, show_environment

SHOWN = "Shown"


@flow(name="refresh", flow_run_name="refresh the page of {environment}")
def refresh(environment: str = "local") -> State[Any]:
    """Count the visitors for the error budget, and show what goes on in an environment: the artifact
    `environment-<name>`. Ends Shown, or Failed with the cause in the log.

    Args:
        environment: Whose page is written
    """
    count_visitors(environment)
    if not show_environment(environment):
        return outcome.failed(outcome.FAILED, f"the page of {environment} could not be written: see the log")
    return outcome.completed(SHOWN, f"the artifact environment-{environment} is as of now")
