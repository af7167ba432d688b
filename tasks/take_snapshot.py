"""One full copy of an environment's database, and whether it is time for one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.database import Snapshot
from infra.environment import load_environment
from infra.platform import database_of
from infra.prefect_records import running
from tasks.release import speaker
from tasks.stage import stage

# Of what may be lost: the rest is for the time until somebody asks again, and for the copy itself.
DUE_AFTER = 0.5


@dataclass(frozen=True)
class Due:
    """Whether a copy is due, and why."""

    is_due: bool
    fact: str


@stage("take snapshot", tries=3)
def take_snapshot(environment: str, name: str) -> Snapshot:
    """The snapshot as the catalog has it."""
    return database_of(load_environment(environment)).snapshot(name, speaker())


@stage("is a copy due", tries=3)
def find_due(environment: str, flow_run: str) -> Due:
    """By what a loss now would cost: with a log archive or PITR that is never much. Nor is one due beside another."""
    settings = load_environment(environment)
    first = next(iter(running(settings.prefect_url, "backup", environment)), flow_run)
    if first != flow_run:
        return Due(False, f"another copy is being made, by run {first}")
    found = is_due(database_of(settings).health().unarchived_seconds, settings.backups.rpo_max_seconds)
    speaker()(found.fact)
    return found


def is_due(lost_seconds: float, rpo_seconds: float) -> Due:
    """Once half of what may be lost would be."""
    limit = DUE_AFTER * rpo_seconds
    cost = "everything: there is no copy" if math.isinf(lost_seconds) else f"{lost_seconds:.0f} s of data"
    return Due(lost_seconds > limit, f"a loss now would cost {cost}; a copy is due at {limit:.0f} s")
