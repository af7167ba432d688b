"""Migrations on their own: apply, verify, promote from where they were proven, and contract when nobody looks back."""

from __future__ import annotations

import time
from typing import Any, Literal, get_args

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows import outcome
from flows.environment_lock import claim_for, environment_held
from flows.expand import expand, verify
from flows.half_way import tell_half_way
from flows.recovery import finish_open
from flows.way_back import go_back
from infra.environment import load_environment
from infra.errors import BadInput, PipelineError
from infra.locks import Busy
from tasks import contract_schema
from tasks.announce import announce, one_line, open_incident
from tasks.checkout import checkout, find_attempt
from tasks.find_live import find_live
from tasks.lint_schema import lint_schema
from tasks.outcomes import WAY_BACK_FAILED_LINE, GateClosed, WayBackFailed
from tasks.protect_data import protect_data
from tasks.prove_schema import prove_schema
from tasks.records import Record, check_not_aborted, end_record, forget_abort, write_record
from tasks.release import Release, release_id
from tasks.restore_to_point import hold_log, let_go_of_log
from tasks.schema.verifying import revisions_now
from tasks.smoke_test import smoke_test

Action = Literal["apply", "verify", "promote", "contract"]
MIGRATED, PLANNED = "Migrated", "Planned"


@flow(name="migrate", flow_run_name="migrate: {action} in {environment}")
def migrate(
    action: Action = "verify",
    repository: str = "",
    ref: str = "",
    app: str = "",
    environment: str = "local",
    drop: bool = False,
) -> State[Any]:
    """`apply`, `verify` and `promote` take the revisions of `ref` of `repository`; `contract` those of the live
    version of `app`, and only shows what it would take away unless `drop`.

    Ends Migrated, Planned (nothing was dropped), GateClosed (nothing was touched), RolledBack, WayBackFailed, Refused.

    Args:
        action: verify changes nothing; promote takes what was proven elsewhere; contract drops what nobody uses
        repository: Git path or URL of the app; not for contract
        ref: Branch, tag or commit; not for contract
        app: The app whose live version is contracted; only for contract
        environment: Whose schema it is
        drop: Only for contract: drop, instead of showing what would be dropped
    """
    try:
        order = _order(action, repository, ref, app, environment)
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, str(error))
    except GateClosed as closed:
        return outcome.failed(outcome.GATE_CLOSED, one_line(closed))
    except PipelineError as silence:
        return outcome.failed(outcome.FAILED, str(silence))
    if action == "verify" or (action == "contract" and not drop):
        return _look(action, order)
    try:
        with environment_held(claim_for(order, f"migration ({action})", "a person asked for it")):
            finish_open(environment)
            known = find_attempt(environment, order.id)
            if known and known.standing == "promoted":
                return outcome.completed(MIGRATED, known.reason)
            forget_abort(order)
            return _change(action, Record(order, str(flow_run.id), "running", time.time()))
    except (Busy, WayBackFailed) as busy:
        return outcome.failed(outcome.REFUSED, str(busy))
    except PipelineError as error:  # before it was on record, so nothing was touched; or what comes after its end
        return outcome.failed(outcome.FAILED, str(error))


def _look(action: Action, order: Release) -> State[Any]:
    """Changes nothing, so there is nothing to put back."""
    try:
        if action == "contract":
            return outcome.completed(PLANNED, _plan(order))
        return outcome.completed(MIGRATED, verify(order, revisions_now(order)))
    except PipelineError as failure:
        reason = one_line(failure)
        return outcome.failed(outcome.GATE_CLOSED if isinstance(failure, GateClosed) else outcome.FAILED, reason)


def _change(action: Action, record: Record) -> State[Any]:
    """On record from before the first act, so that `pipeline abort` finds it, dead or alive."""
    write_record(record)
    try:
        done, log = (_contract if action == "contract" else _expand)(record.release)
    except BaseException as failure:
        ended = _end_badly(record, failure)
        if not isinstance(failure, Exception):
            raise  # cancelled: the way back is done, and Prefect says Cancelled
        return ended
    end_record(record, "promoted", f"migration ({action}): {done}")
    # Only now: until it is on record, the way back may need it.
    let_go_of_log(record.release, log)
    return outcome.completed(MIGRATED, done)


def _order(action: Action, repository: str, ref: str, app: str, environment: str) -> Release:
    settings = load_environment(environment)
    if action not in get_args(Action):
        raise BadInput("action", f"{action!r} does not exist", f"choose one of: {', '.join(get_args(Action))}")
    unique = release_id(f"{action}-{ref or app}", str(flow_run.id))
    if action == "contract":
        return contract_schema.find_contract(environment, app, unique)
    ground = settings.proving_ground
    if action == "apply" and ground:
        problem = f"{environment} only takes revisions that were verified in {ground}"
        raise BadInput("action", problem, f"apply and verify them in {ground}, then: pipeline migrate promote")
    return checkout(environment, repository, ref, unique)


def _expand(order: Release) -> tuple[str, dict[str, Any]]:
    lint_schema(order)
    log = hold_log(order)
    protect_data(order)
    check_not_aborted(order)
    done = expand(order)
    check_not_aborted(order)
    return done, log


def _plan(order: Release) -> str:
    lint_schema(order, "contract")
    losses = contract_schema.plan_contract(order)
    told = "; ".join(f"{loss.what} ({loss.rows} rows)" for loss in losses) or "nothing"
    return f"contract would drop: {told}. With --apply it does, once: {_may_it(order)}"


def _may_it(order: Release) -> str:
    try:
        return contract_schema.check_contract(order)
    except GateClosed as closed:
        return f"not yet: {one_line(closed)}"


def _contract(order: Release) -> tuple[str, dict[str, Any]]:
    contract_schema.check_contract(order)
    losses = contract_schema.plan_contract(order)
    log = hold_log(order)
    protect_data(order)
    check_not_aborted(order)
    after = contract_schema.contract_schema(order, losses)
    live = find_live(order)
    if live:
        smoke_test(*live)
    check_not_aborted(order)
    return f"{len(losses)} tables and columns dropped, at {', '.join(after)}; {prove_schema(order)}", log


def _end_badly(record: Record, failure: BaseException) -> State[Any]:
    order, reason = record.release, one_line(failure)
    try:
        undone = go_back(order)
    except WayBackFailed as worse:
        get_run_logger().error(WAY_BACK_FAILED_LINE, exc_info=worse)
        return outcome.failed(outcome.WAY_BACK_FAILED, tell_half_way(record, worse, reason))
    if undone:
        open_incident(order, "P2", f"migration of {order.app} {order.label}: {reason}", "\n".join(undone))
        end_record(record, "rolled back", reason)
        announce(order, f"migration of {order.app} {order.label} went back: {reason}", "; ".join(undone), "warning")
        return outcome.failed(outcome.ROLLED_BACK, f"{reason}; {'; '.join(undone)}")
    is_gate = isinstance(failure, GateClosed)
    end_record(record, "gate closed" if is_gate else "failed", reason)
    return outcome.failed(outcome.GATE_CLOSED if is_gate else outcome.FAILED, reason)
