"""Looks every night at what nobody looks at by himself: drift, the age of secrets, the error budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from flows import outcome
from infra.environment import load_environment
from infra.errors import BadInput
from tasks.announce import one_line
from tasks.looks import Look, error_budget, hosting_drift, registration_drift, schema_drift, secret_age
from tasks.tell_looks import settle_incidents, show_looks
from tasks.tell_people import tell_people

ALL_WELL, FOUND = "AllWell", "Found"
LOOKS: dict[str, Callable[[str], Look]] = {
    schema_drift.KIND: schema_drift.look_at_schema,
    hosting_drift.KIND: hosting_drift.look_at_hosting,
    registration_drift.KIND: registration_drift.look_at_registrations,
    secret_age.KIND: secret_age.look_at_secrets,
    error_budget.KIND: error_budget.look_at_budget,
}


@flow(name="look-after", flow_run_name="look after {environment}")
def look_after(environment: str = "local") -> State[Any]:
    """Look at everything, whatever one look meets. Changes nothing but incidents; the artifact is `looks-<name>`.

    Ends AllWell, Found (something is to be done: people are told, and each kind has one incident until it is over),
    Failed with the looks that could not be made, or Refused.

    Args:
        environment: What is looked at
    """
    try:
        load_environment(environment)
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, str(error))
    looks, failed = _look_at_all(environment)
    show_looks(environment, looks, failed)
    settle_incidents(environment, looks)
    found = [f"{look.kind}: {one.what}" for look in looks for one in look.findings]
    message = f"{len(found)} findings in {environment}: {'; '.join(found)}"
    if found:
        todo = "\n".join(f"{one.what}\n  {one.todo}" for look in looks for one in look.findings)
        tell_people(environment, f"{len(found)} findings in {environment}: {_kinds(looks)}", todo, "warning", "")
    if failed:
        why = "; ".join(f"{kind}: {reason}" for kind, reason in failed.items())
        return outcome.failed(outcome.FAILED, f"{len(failed)} looks could not be made: {why}")
    return (
        outcome.completed(FOUND, message) if found else outcome.completed(ALL_WELL, f"{len(looks)} looks found nothing")
    )


def _look_at_all(environment: str) -> tuple[list[Look], dict[str, str]]:
    """The looks that were made, and why the others were not."""
    looks, failed = list[Look](), dict[str, str]()
    for kind, look in LOOKS.items():
        try:
            looks.append(look(environment))
        except Exception as error:  # noqa: BLE001 - it ends the run as Failed; the other looks are still worth making
            get_run_logger().warning("%s could not be looked at: %s", kind, one_line(error))
            failed[kind] = one_line(error)
    return looks, failed


def _kinds(looks: list[Look]) -> str:
    return ", ".join(look.kind for look in looks if look.findings)
