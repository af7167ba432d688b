"""Ends the version that is kept warm beside the live one: from then on a contract may run, and nobody can roll back."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from flows.environment_lock import environment_held
from infra.errors import BadInput, Rejected
from tasks.hold_environment import Claim
from tasks.retire_version import find_retiring, retire_version

RETIRED = "Retired"


@flow(name="retire", flow_run_name="retire the version before the live one of {app} in {environment}")
def retire(app: str, environment: str = "local") -> State[Any]:
    """Ends Retired, also when there was nothing to end, or Refused: a release is in flight, or it has visitors.

    Args:
        app: The app whose older version ends
        environment: Where it runs
    """
    claim = Claim(environment, f"retire-{flow_run.id}", "retirement", app, "", "a person asked", str(flow_run.id))
    try:
        with environment_held(claim):
            ended = [retire_version(what) for what in find_retiring(environment, app)]
    except (BadInput, Rejected) as error:
        return outcome.failed(outcome.REFUSED, str(error))
    if not ended:
        return outcome.completed(RETIRED, f"no version of {app} runs beside the live one in {environment}")
    return outcome.completed(
        RETIRED, f"{', '.join(ended)} of {app} was ended in {environment}: a roll back now takes a release"
    )
