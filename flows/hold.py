"""Keeps a release in flight at the weight it has, until somebody lets it go on; bad evidence still ends it."""

from __future__ import annotations

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from infra.errors import BadInput, Rejected
from tasks.abort_release import find_in_flight
from tasks.hold_release import hold_release, let_release_go_on

HELD = "Held"
RELEASED = "Released"


@flow(name="hold", flow_run_name="{action} hold on {app} in {environment}")
def hold(
    app: str,
    action: Literal["place", "release"],
    reason: str,
    who: str,
    release: str = "",
    environment: str = "local",
) -> State[Any]:
    """Place a hold on the release of `app` in flight (or the one named), or release it from its hold.

    Releasing a hold that the ramp placed because it could not decide lets the step pass on the word of `who`.
    Ends Held, Released or Refused.

    Args:
        app: The app whose release is held
        action: place keeps the release at the weight it has, release lets it go on
        reason: Why; people will read it
        who: Who decides it
        release: The id of a release; empty for the one in flight
        environment: Where it is
    """
    try:
        record = find_in_flight(environment, app, release)
        if action == "release":
            ended = let_release_go_on(record, reason, who)
            return outcome.completed(RELEASED, f"{record.release.label} goes on, says {ended.lifted_by}: {reason}")
        placed = hold_release(record, reason, who)
    except (BadInput, Rejected) as error:
        return outcome.failed(outcome.REFUSED, str(error))
    most = record.release.settings.canary.hold_timeout_seconds / 3600
    return outcome.completed(HELD, f"{record.release.label} is {placed}; after {most:.3g} hours it goes back")
