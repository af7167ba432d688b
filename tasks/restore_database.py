"""Brings a whole cluster back to a target, and makes the standby the primary."""

from __future__ import annotations

from infra.database.local_recovery import recovery_of
from infra.database.recovery import RestorePlan
from infra.database.targets import Target
from infra.environment import load_environment
from infra.errors import PipelineError
from infra.local.postgres_promotion import Promotion
from infra.local.postgres_restore import Restored
from tasks.release import speaker
from tasks.schema.left import note_restored
from tasks.stage import stage


@stage("plan restore", tries=3)
def plan_restore(environment: str, target: Target) -> RestorePlan:
    """What a restore would do; touches nothing. Raises Rejected when the target cannot be reached."""
    plan = recovery_of(load_environment(environment)).plan(target, speaker())
    for line in plan.lines():
        speaker()(line)
    return plan


@stage("restore")
def restore_database(environment: str, target: Target) -> Restored:
    """The restored cluster has taken over; the old one is kept aside. May be run again after any death."""
    restored = recovery_of(load_environment(environment)).restore(target, speaker())
    try:
        note_restored(environment, f"a restore to {target}")
    except PipelineError as error:  # the data is back: nothing that is only noted may call that a failure
        speaker()(f"the next look at {environment} may take the restored schema for a drift: {error.message}")
    return restored


@stage("promote standby")
def promote_standby(environment: str) -> Promotion:
    """The standby is the primary, and a new standby follows it. May be run again after any death."""
    return recovery_of(load_environment(environment)).promote_standby(speaker())
