"""Which environments this process holds, so that no stage acts for a lock that somebody else has by now."""

from __future__ import annotations

from infra.environment import load_environment
from infra.errors import PipelineError
from infra.locks import Lock
from infra.locks.of_environment import locks_of
from tasks.outcomes import LockLost

_HELD: dict[str, Lock] = {}


def now_held(environment: str, lock: Lock) -> None:
    """From now on every stage that acts on a release there looks first."""
    _HELD[environment] = lock


def no_longer_held(environment: str) -> None:
    """Harmless when it was not."""
    _HELD.pop(environment, None)


def check_still_held(environment: str) -> None:
    """Raises LockLost when it was ours and is somebody else's. Silence is no answer: no way back waits for it."""
    lock = _HELD.get(environment)
    if lock is None:
        return
    try:
        now = locks_of(load_environment(environment)).read()
    except PipelineError:
        return
    if now != lock:
        who = f"the {now.holder}" if now else "nobody"
        raise LockLost(f"{environment} is not ours any more: {who} holds it")
