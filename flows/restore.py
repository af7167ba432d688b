"""Brings the data of an environment back to a time, a restore point or a snapshot; nothing is destroyed."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from flows.bring_back import NAME, bring_back
from flows.environment_lock import environment_held
from infra.database.targets import target_of
from infra.errors import BadInput, PipelineError, Rejected
from infra.locks import Busy
from tasks.hold_environment import Claim
from tasks.restore_database import plan_restore

RESTORED = "Restored"
PLANNED = "Planned"


@flow(name="restore", flow_run_name="restore {environment}")
def restore(
    environment: str = "local",
    to_time: str = "",
    to_point: str = "",
    to_snapshot: str = "",
    to_latest: bool = False,
    dry_run: bool = True,
) -> State[Any]:
    """A dry run ends Planned and touches nothing; else Restored, Failed with an incident, or Refused.

    The old cluster stays beside under another name. Killed, it is gone on with by the recovery.

    Args:
        environment: Whose database is brought back
        to_time: A moment with its time zone, such as 2026-03-01T14:30:00+01:00
        to_point: The name of a restore point, as `pipeline backups` lists them
        to_snapshot: The id of a snapshot, as `pipeline backups` lists them
        to_latest: The last moment that can be had
        dry_run: Only say what would be done; switch it off to do it
    """
    try:
        target = target_of(to_time, to_point, to_snapshot, to_latest)
        if dry_run:
            return outcome.completed(PLANNED, "; ".join(plan_restore(environment, target).lines()))
    except (BadInput, Rejected) as error:
        return outcome.failed(outcome.REFUSED, str(error))
    claim = Claim(environment, f"restore-{flow_run.id}", NAME, "", str(target), "a person asked", str(flow_run.id))
    try:
        with environment_held(claim):
            return outcome.completed(RESTORED, bring_back(environment, target))
    except Busy as busy:
        return outcome.failed(outcome.REFUSED, str(busy))
    except PipelineError as error:
        return outcome.failed(outcome.FAILED, str(error))
