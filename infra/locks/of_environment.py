"""Which lock an environment has: that of this machine where all runs on it, else one in the environment's database."""

from __future__ import annotations

from infra.database.supabase_access import direct_access
from infra.environment import Environment
from infra.locks import Locks
from infra.locks.local import LocalLocks
from infra.locks.postgres import PostgresLocks


def locks_of(environment: Environment) -> Locks:
    """The lock of `environment`. One without a database of its own has workers on one machine only."""
    if environment.supabase is None:
        return LocalLocks(environment.state / "locks")
    return PostgresLocks(direct_access(environment), environment.name, environment.release.dead_after_seconds)
