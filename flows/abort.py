"""Stops a release in flight: it goes back by itself, or, when its process is dead, we go back for it."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from flows.environment_lock import environment_held
from flows.recovery import finish_open
from infra.errors import BadInput, Rejected
from infra.locks import Busy
from tasks.abort_release import ask_to_go_back, find_in_flight, wait_for_end
from tasks.announce import one_line
from tasks.hold_environment import Claim
from tasks.outcomes import WayBackFailed
from tasks.records import Record


@flow(name="abort", flow_run_name="abort {app} in {environment}")
def abort(app: str, reason: str, release: str = "", environment: str = "local", wait_seconds: float = 60) -> State[Any]:
    """Take the release in flight (or the one named) back the way it came.

    Ends RolledBack, WayBackFailed or Refused. Also finishes a way back that failed before.

    Args:
        app: The app whose release is stopped
        reason: Why; people will read it
        release: Id, commit or label of a release; empty for the one in flight
        environment: Where it is
        wait_seconds: How long its own process may take to go back before this run does it
    """
    try:
        record = find_in_flight(environment, app, release)
    except (BadInput, Rejected) as error:
        return outcome.failed(outcome.REFUSED, str(error))
    ask_to_go_back(record, reason)
    ended = wait_for_end(record, wait_seconds)
    if ended is not None and ended.standing == "promoted":
        problem = f"{ended.release.label} was promoted before it saw the abort"
        return outcome.failed(outcome.REFUSED, f"{problem}: pipeline rollback --app {app}")
    if ended is not None:
        return outcome.completed(outcome.ROLLED_BACK, f"{ended.release.label}: {ended.standing}: {ended.reason}")
    return _go_back_for_it(record, reason)


def _go_back_for_it(record: Record, reason: str) -> State[Any]:
    order = record.release
    claim = Claim(order.environment, f"abort-of-{order.id}", "abort", order.app, order.label, reason, str(flow_run.id))
    try:
        with environment_held(claim):
            finish_open(order.environment, f"aborted: {reason}")
    except Busy as busy:
        return outcome.failed(outcome.REFUSED, f"{order.label} is still going back by itself: {busy}")
    except WayBackFailed as worse:
        return outcome.failed(outcome.WAY_BACK_FAILED, one_line(worse))
    return outcome.completed(outcome.ROLLED_BACK, f"{order.app} {order.label} was aborted: {reason}")
