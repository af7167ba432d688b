"""Questions whether everything that an environment needs is there and lets us in.

They change nothing but one small object of their own in each bucket, which they take away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from infra.errors import PipelineError, Unknown, Unreachable
from infra.redaction import redact

State = Literal["well", "missing", "silent"]


@dataclass(frozen=True)
class Check:
    """`ask` returns a fact for a person, or raises with the fix as its hint."""

    part: str
    what: str
    ask: Callable[[], str]


@dataclass(frozen=True)
class Finding:
    """How one check ended. `silent`: nobody answered, so nothing is known. No text holds a secret."""

    part: str
    what: str
    state: State
    fact: str
    fix: str = ""


def examine(checks: Iterable[Check]) -> list[Finding]:
    """Every check once, also behind one that failed: people want the whole table."""
    return [_examine(check) for check in checks]


def _examine(check: Check) -> Finding:
    try:
        return Finding(check.part, check.what, "well", redact(check.ask()))
    except PipelineError as error:
        state: State = "silent" if isinstance(error, Unreachable | Unknown) else "missing"
        return Finding(check.part, check.what, state, redact(error.message), redact(error.hint))
