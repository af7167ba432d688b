"""Messages pushed to visitors over a websocket: whether they arrive, and how soon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Latency:
    """Milliseconds: `joined_ms` from opening to being subscribed, `messages_ms` of each from sent to back."""

    joined_ms: float
    messages_ms: tuple[float, ...]

    @property
    def worst_ms(self) -> float:
        """The slowest message."""
        return max(self.messages_ms)


class Realtime(Protocol):
    """A channel of our own, which no visitor listens to."""

    def measure(self, messages: int = 5, timeout_seconds: float = 10) -> Latency:
        """Subscribe, send `messages` (1 to 100) and wait for each to come back.

        Raises Unreachable when nobody answers or a message does not come back in time, Rejected for a no.
        """
