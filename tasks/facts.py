"""What is odd about the data a verdict rests on: said once in the log, counted, and kept for the report."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from infra.commands import Say


@dataclass(frozen=True)
class Fact:
    """`text` is how it was the first time; times are seconds since the epoch."""

    kind: str
    text: str
    first: float
    last: float
    times: int = 1


class Facts:
    """The facts of one step, one of each kind, so that an hour of silence is one line and a number."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._found: dict[str, Fact] = {}

    def note(self, kind: str, text: str) -> None:
        """It happened (again)."""
        now = time.time()
        known = self._found.get(kind)
        if known is None:
            self._say(f"data: {text}")
            self._found[kind] = Fact(kind, text, now, now)
        else:
            self._found[kind] = replace(known, last=now, times=known.times + 1)

    def all(self) -> tuple[Fact, ...]:
        """In the order in which each was first seen."""
        return tuple(self._found.values())
