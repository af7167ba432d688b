"""Holds an environment for as long as a flow changes it. What a dead holder left is finished first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.runtime import flow_run

from flows.recovery import finish_for
from infra.environment import load_environment
from infra.locks import Busy, Lock
from infra.locks.of_environment import locks_of
from tasks.code_review import settle, tell_ends
from tasks.hold_environment import Claim, give_back_environment, take_environment
from tasks.release import Release


@contextmanager
def environment_held(claim: Claim) -> Iterator[Lock]:
    """The environment is ours in the block. Raises Busy with the holder's name.

    A process that is killed keeps the lock on purpose: `recover` finishes its work, then frees the environment.
    """
    try:
        lock = take_environment(claim)
    except Busy as busy:
        if locks_of(load_environment(claim.environment)).is_held_by_the_living(busy.lock):
            raise
        finish_for(claim, busy.lock)  # or somebody was faster, and lives: asked again, policy says what then
        lock = take_environment(claim)
    try:
        yield lock
    finally:
        give_back_environment(claim.environment, lock)
        tell_ends(claim.environment)
        settle()


def claim_for(release: Release, what: str, why: str) -> Claim:
    """The claim of a release."""
    return Claim(release.environment, release.id, what, release.app, release.label, why, str(flow_run.id))
