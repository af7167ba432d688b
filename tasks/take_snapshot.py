"""One full copy of an environment's database."""

from __future__ import annotations

from infra.database import Snapshot
from infra.environment import load_environment
from infra.platform import database_of
from tasks.release import speaker
from tasks.stage import stage


@stage("take snapshot", tries=3)
def take_snapshot(environment: str, name: str) -> Snapshot:
    """The snapshot as the catalog has it."""
    return database_of(load_environment(environment)).snapshot(name, speaker())
