"""Looks at an environment: each asks one question of what nobody looks at by himself, and tells what is to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.environment import Environment
from infra.incidents import Priority
from infra.locks.of_environment import locks_of


@dataclass(frozen=True)
class Finding:
    """`what` is so, and `todo` is to be done. Without a `severity` it is told and opens no incident."""

    what: str
    todo: str
    severity: Priority | None = "P3"


@dataclass(frozen=True)
class Look:
    """One look: `kind` names it, `fact` says what was looked at. `is_whole`: what it did not find is not there."""

    kind: str
    fact: str
    findings: tuple[Finding, ...] = ()
    is_whole: bool = True


def undisturbed(environment: Environment, kind: str, look: Callable[[], Look]) -> Look:
    """`look`, unless somebody changes the environment meanwhile: what is half done is no drift."""
    locks = locks_of(environment)
    before = locks.read()
    found = look() if before is None else None
    now = locks.read()
    if found is not None and now is None:
        return found
    holder = now or before
    who = f"the {holder.holder}" if holder else "somebody"
    return Look(kind, f"not looked at: {who} has the environment; the next look comes tomorrow", is_whole=False)
