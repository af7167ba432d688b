"""How long to wait before the next try: twice as long after each, and from the start again after a time of health."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Backoff:
    """The first try is due at once, the next `first_seconds` after it, then twice that, at most `longest_seconds`.

    Times are those of a clock that only goes forward, in seconds.
    """

    first_seconds: float
    longest_seconds: float
    healthy_seconds: float = 60
    _tries: int = field(default=0, init=False)
    _last: float = field(default=0.0, init=False)

    @property
    def wait_seconds(self) -> float:
        """From the last try to the next."""
        if self._tries == 0:
            return 0.0
        return min(self.first_seconds * 2.0 ** min(self._tries - 1, 30), self.longest_seconds)

    def is_due(self, now: float) -> bool:
        """Whether it may be tried."""
        return self._tries == 0 or now >= self._last + self.wait_seconds

    def tried(self, now: float) -> None:
        """It was, just now."""
        self._tries += 1
        self._last = now

    def is_well(self, now: float) -> None:
        """There is nothing to try: forgotten after a time in which that did not change."""
        if self._tries and now >= self._last + self.healthy_seconds:
            self._tries = 0
