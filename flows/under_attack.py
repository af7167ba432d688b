"""Raises the shield in front of an environment while it is attacked, and lowers it when that is over."""

from __future__ import annotations

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from infra.errors import BadInput, PipelineError
from tasks.raise_incident import raise_incident
from tasks.raise_shield import lower_shield, raise_shield

SHIELDED = "Shielded"
LIFTED = "Lifted"


@flow(name="under-attack", flow_run_name="{action} the shield of {environment}")
def under_attack(action: Literal["place", "lift"], reason: str, who: str, environment: str = "local") -> State[Any]:
    """Place the shield (every visitor's browser is checked before it gets in), or lift it to where it was.

    Ends Shielded with an incident, Lifted, Refused where there is no shield, or Failed: then run it again.

    Args:
        action: place raises the shield, lift lowers it to where it was
        reason: Why; people will read it
        who: Who decides it
        environment: What is attacked
    """
    try:
        if action == "lift":
            return outcome.completed(LIFTED, lower_shield(environment, who, reason))
        done = raise_shield(environment, who, reason)
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, str(error))
    except PipelineError as error:
        return outcome.failed(outcome.FAILED, str(error))
    raise_incident(environment, "under-attack", "P1", f"{environment} is under attack: {reason}", f"{done}, by {who}")
    return outcome.completed(SHIELDED, done)
