"""Migrations on their own: apply, verify, promote from where they were proven, and contract when nobody looks back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from flows.expand import expand, verify
from infra.environment import load_environment
from infra.errors import BadInput, PipelineError
from tasks import contract_schema, expand_schema
from tasks.announce import announce, one_line, open_incident
from tasks.checkout import checkout
from tasks.find_live import find_live
from tasks.lint_schema import lint_schema
from tasks.notes import mark_put_back, read_notes
from tasks.outcomes import GateClosed, WayBackFailed
from tasks.protect_data import protect_data
from tasks.prove_schema import prove_schema
from tasks.release import Release, release_id
from tasks.schema.proof import proving_ground
from tasks.schema.verifying import revisions_now
from tasks.smoke_test import smoke_test

Action = Literal["apply", "verify", "promote", "contract"]
MIGRATED, PLANNED = "Migrated", "Planned"
WAYS_BACK: dict[str, Callable[[Release, dict[str, Any]], str]] = {
    expand_schema.NAME: expand_schema.put_schema_back,
    contract_schema.NAME: contract_schema.put_contract_back,
}


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
    """
    try:
        order = _order(action, repository, ref, app, environment)
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, str(error))
    except GateClosed as closed:
        return outcome.failed(outcome.GATE_CLOSED, one_line(closed))
    try:
        if action == "contract" and not drop:
            return outcome.completed(PLANNED, _plan(order))
        return outcome.completed(MIGRATED, _STEPS[action](order))
    except BaseException as failure:
        ended = _end_badly(order, failure)
        if not isinstance(failure, Exception):
            raise  # cancelled: the way back is done, and Prefect says Cancelled
        return ended


def _order(action: Action, repository: str, ref: str, app: str, environment: str) -> Release:
    settings = load_environment(environment)
    if action not in get_args(Action):
        raise BadInput("action", f"{action!r} does not exist", f"choose one of: {', '.join(get_args(Action))}")
    unique = release_id(f"{action}-{ref or app}", str(flow_run.id))
    if action == "contract":
        return contract_schema.find_contract(environment, app, unique)
    ground = proving_ground(settings)
    if action == "apply" and ground:
        problem = f"{environment} only takes revisions that were verified in {ground}"
        raise BadInput("action", problem, f"apply and verify them in {ground}, then: pipeline migrate promote")
    return checkout(environment, repository, ref, unique)


def _apply(order: Release) -> str:
    lint_schema(order)
    protect_data(order)
    return expand(order)


def _verify(order: Release) -> str:
    return verify(order, revisions_now(order))


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


def _contract(order: Release) -> str:
    contract_schema.check_contract(order)
    losses = contract_schema.plan_contract(order)
    protect_data(order)
    after = contract_schema.contract_schema(order, losses)
    live = find_live(order)
    if live:
        smoke_test(*live)
    return f"{len(losses)} tables and columns dropped, at {', '.join(after)}; {prove_schema(order)}"


_STEPS: dict[Action, Callable[[Release], str]] = {
    "apply": _apply,
    "verify": _verify,
    "promote": _apply,
    "contract": _contract,
}


def _end_badly(order: Release, failure: BaseException) -> State[Any]:
    reason = one_line(failure)
    try:
        undone = _go_back(order)
    except WayBackFailed as worse:
        open_incident(order, "P1", one_line(worse), f"{worse}\n\nit went back because of: {reason}")
        return outcome.failed(outcome.WAY_BACK_FAILED, f"{one_line(worse)}; it went back because of: {reason}")
    if undone:
        open_incident(order, "P2", f"migration of {order.app} {order.label}: {reason}", "\n".join(undone))
        announce(order, f"migration of {order.app} {order.label} went back: {reason}", "; ".join(undone), "warning")
        return outcome.failed(outcome.ROLLED_BACK, f"{reason}; {'; '.join(undone)}")
    return outcome.failed(outcome.GATE_CLOSED if isinstance(failure, GateClosed) else outcome.FAILED, reason)


def _go_back(order: Release) -> list[str]:
    done = []
    for note in reversed(read_notes(order)):
        if note.is_put_back:
            continue
        try:
            done.append(WAYS_BACK[note.stage](order, note.facts))
        except PipelineError as error:
            raise WayBackFailed(f"the way back of {order.label} stopped at {note.stage}: {error}") from error
        mark_put_back(order, note)
    return done
