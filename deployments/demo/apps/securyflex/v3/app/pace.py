"""How busy the app is: requests per minute, from the gaps between the latest requests."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

SLOTS = 25
SETTLING_REQUESTS = 64
OUTLIERS = 2
# The golden ratio keeps slots that follow each other far apart, so that a burst does not sweep the ring.
STRIDE = 0.6180339887498949


class Pace:
    """A ring of recent gaps: all of them while it settles, then one slot at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._count = 0
        self._early: list[float] = []
        self._gaps: list[float] = []

    def note(self) -> None:
        now = self._clock()
        gap, self._last = now - self._last, now
        self._count += 1
        if self._count <= SETTLING_REQUESTS:
            self._early.append(gap)
            self._gaps = settled(self._early)
        else:
            self._gaps[int(self._count * STRIDE % 1 * SLOTS)] = gap

    def per_minute(self) -> int:
        total = sum(self._gaps)
        return round(60 * len(self._gaps) / total) if total else 0


def settled(gaps: list[float]) -> list[float]:
    """The latest gaps without the longest ones, which are pauses rather than pace."""
    return sorted(gaps[-SLOTS:])[:-OUTLIERS]


class Measure:
    """Notes every request of a person; health probes would only measure the prober."""

    def __init__(self, app: ASGIApp, pace: Pace) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/api/health":
            self._pace.note()
        await self._app(scope, receive, send)
