"""After promotion: make the previous release, which was kept warm, live again."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from flows.environment_lock import environment_held
from flows.recovery import finish_open
from infra.errors import BadInput, PipelineError, Rejected
from tasks.announce import announce, one_line, open_incident
from tasks.code_review import expect_live_again, tell_ends
from tasks.hold_environment import Claim
from tasks.outcomes import GateClosed, WayBackFailed
from tasks.purge_cache import purge_cache
from tasks.release import Release
from tasks.return_to_previous import find_previous, return_to_previous, wake_previous
from tasks.smoke_test import smoke_test
from tasks.watch import watch


@flow(name="rollback", flow_run_name="roll back {app} in {environment}")
def rollback(
    app: str, reason: str, environment: str = "local", release: str = "", to_newer: bool = False
) -> State[Any]:
    """Send everyone to the version before the live one. The schema stays: expanding never broke that version.

    Ends RolledBack (done), GateClosed (the previous version does not work; nothing was touched) or Refused: also when
    `release` is not the live one, and when the version beside it was promoted later, as after a rollback.

    Args:
        app: The app whose previous version is made live
        reason: Why; people will read it
        environment: Where it runs
        release: Id, commit or label of the release that is to go; empty for the live one, whichever it is
        to_newer: Go also to a version that was promoted after the live one and was taken back
    """
    claim = Claim(environment, f"rollback-{flow_run.id}", "rollback", app, "", reason, str(flow_run.id))
    try:
        with environment_held(claim):
            finish_open(environment)
            return _go_to(find_previous(environment, app, release, to_newer), reason)
    except (BadInput, Rejected, WayBackFailed) as error:
        return outcome.failed(outcome.REFUSED, str(error))


def _go_to(previous: Release, reason: str) -> State[Any]:
    try:
        deployment = wake_previous(previous)
        smoke_test(previous, deployment.url)
    except (GateClosed, Rejected) as closed:
        why = one_line(closed)
        open_incident(previous, "P1", f"cannot roll back to {previous.label}: {why}", str(closed))
        return outcome.failed(outcome.GATE_CLOSED, why)
    expect_live_again(previous, reason)
    slot = return_to_previous(previous, deployment)
    purge_cache(previous)
    tell_ends(previous.environment)
    message = f"{previous.app} {previous.label} is live again in {previous.environment}: {reason}"
    open_incident(previous, "P2", message, reason)
    announce(previous, message, reason, "warning")
    try:
        watch(previous, slot, deployment.url, previous.settings.watch.seconds)
    except PipelineError as failing:
        why = f"{previous.label} is live again and fails too: {one_line(failing)}"
        open_incident(previous, "P1", why, str(failing))
        return outcome.failed(outcome.FAILED, why)
    return outcome.completed(outcome.ROLLED_BACK, message)
