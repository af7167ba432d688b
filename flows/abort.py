"""Stops a release in flight: it goes back by itself, or, when its process is dead, we go back for it."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from flows.way_back import go_back
from infra.errors import BadInput, Rejected
from tasks.abort_release import ask_to_go_back, find_in_flight, wait_for_end
from tasks.announce import announce, one_line, open_incident
from tasks.outcomes import WayBackFailed
from tasks.records import Record, end_record


@flow(name="abort", flow_run_name="abort {app} in {environment}")
def abort(app: str, reason: str, release: str = "", environment: str = "local", wait_seconds: float = 60) -> State[Any]:
    """Take the release in flight (or the one named) back the way it came.

    Ends RolledBack, WayBackFailed or Refused. Also finishes a way back that failed before.
    """
    try:
        record = find_in_flight(environment, app, release)
    except (BadInput, Rejected) as error:
        return outcome.failed(outcome.REFUSED, str(error))
    ask_to_go_back(record, reason)
    ended = wait_for_end(record, wait_seconds)
    if ended is not None:
        return outcome.completed(outcome.ROLLED_BACK, f"{ended.release.label}: {ended.standing}: {ended.reason}")
    return _go_back_for_it(record, reason)


def _go_back_for_it(record: Record, reason: str) -> State[Any]:
    order = record.release
    try:
        undone = go_back(order)
    except WayBackFailed as worse:
        end_record(record, "way back failed", one_line(worse))
        open_incident(order, "P1", one_line(worse), str(worse))
        return outcome.failed(outcome.WAY_BACK_FAILED, one_line(worse))
    end_record(record, "rolled back", f"aborted: {reason}")
    message = f"{order.app} {order.label} was aborted: {reason}"
    open_incident(order, "P2", message, "\n".join(undone))
    announce(order, message, "; ".join(undone), "warning")
    return outcome.completed(outcome.ROLLED_BACK, message)
