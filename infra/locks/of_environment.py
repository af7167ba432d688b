"""Which lock an environment has: that of this machine, where all of a local environment's releases run."""

from __future__ import annotations

from infra.environment import Environment
from infra.locks import Locks
from infra.locks.local import LocalLocks


def locks_of(environment: Environment) -> Locks:
    """The lock of `environment`."""
    return LocalLocks(environment.state / "locks")
