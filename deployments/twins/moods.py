"""The ways in which a vendor's call can go wrong, set per call and for so many times."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["slow", "limited", "failing", "silent", "malformed", "lost", "forbidden"]
KINDS: tuple[Kind, ...] = ("slow", "limited", "failing", "silent", "malformed", "lost", "forbidden")
EVERY_CALL = "*"
FOREVER = -1


@dataclass
class Mood:
    """How a call goes wrong.

    slow       acts, and answers after `seconds`
    limited    429 with `Retry-After: seconds`; does nothing
    failing    503; does nothing
    silent     waits `seconds`, then closes the connection; does nothing
    malformed  acts, and answers 200 with what is not JSON
    lost       acts, and closes the connection without an answer
    forbidden  403: the plan or the token does not allow it; does nothing
    """

    kind: Kind
    times: int = 1
    seconds: float = 0.0


class Moods:
    """Which call is in which mood; safe to change while the twin serves."""

    def __init__(self) -> None:
        self._moods: dict[str, Mood] = {}
        self._lock = threading.Lock()

    def set(self, operation: str, kind: Kind, *, times: int = 1, seconds: float = 0.0) -> None:
        """From now on and for `times` calls (FOREVER: until `clear`); `operation` may be EVERY_CALL."""
        with self._lock:
            self._moods[operation] = Mood(kind, times, seconds)

    def clear(self) -> None:
        """All goes well again."""
        with self._lock:
            self._moods.clear()

    def take(self, operation: str) -> Mood | None:
        """The mood for one call that has just come, which uses it up by one."""
        with self._lock:
            for name in (operation, EVERY_CALL):
                mood = self._moods.get(name)
                if mood and mood.times != 0:
                    mood.times -= 1 if mood.times > 0 else 0
                    return mood
        return None
