"""Makes the standby the primary: planned, or because the primary is dead."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from infra.errors import PipelineError
from tasks.announce import one_line
from tasks.raise_incident import raise_incident
from tasks.restore_database import promote_standby as promote

PROMOTED = "StandbyPromoted"


@flow(name="promote-standby", flow_run_name="promote the standby of {environment}")
def promote_standby(reason: str, environment: str = "local") -> State[Any]:
    """Ends StandbyPromoted, saying how many commits were lost, or Failed. Killed, it is run again.

    Args:
        reason: Why; people will read it
        environment: Whose standby takes over
    """
    try:
        done = promote(environment)
    except PipelineError as error:
        title = f"the standby of {environment} could not be promoted: {one_line(error)}"
        raise_incident(environment, "promote-standby", "P1", title, str(error))
        return outcome.failed(outcome.FAILED, title)
    lost = "an unknown number of" if done.lost_commits is None else done.lost_commits
    message = (
        f"the standby of {environment} is the primary ({reason}): {lost} commits were lost, nobody could write for"
        f" {done.closed_seconds:.1f} s, the old primary is kept in {done.kept}"
    )
    raise_incident(environment, "promote-standby", "P2", message, f"it had the log up to {done.received_lsn}")
    return outcome.completed(PROMOTED, message)
