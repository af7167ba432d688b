"""Services that live but do not answer are reported, not ended: only a person knows whether a hung one may die."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from deployments.guard.voice import Voice
from infra.local import Service

HUNG_SECONDS = 30.0
WELL_EVERY_SECONDS = 30.0  # a question costs a new connection, and most of them are answered
ILL_EVERY_SECONDS = 5.0


@dataclass
class HealthReporter:
    """`look` may be called at any pace: each service is asked when it is its turn."""

    services: Sequence[Service]
    voice: Voice
    _next: dict[str, float] = field(default_factory=dict)
    _ill_since: dict[str, float] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Ask at most one service: a slow answer must not hide the others for long."""
        now = time.monotonic()
        for number, service in enumerate(self.services):
            # At first they are spread, so that they are not all asked in the same second ever after.
            if now >= self._next.setdefault(service.name, now + number):
                self._ask(service, now)
                return

    def _ask(self, service: Service, now: float) -> None:
        status = service.status()
        is_ill = status.state == "unhealthy"
        self._next[service.name] = now + (ILL_EVERY_SECONDS if is_ill else WELL_EVERY_SECONDS)
        if not is_ill:
            self._ill_since.pop(service.name, None)
            self._say_well_again(service, status.state)
            return
        since = self._ill_since.setdefault(service.name, now)
        if now - since >= HUNG_SECONDS and service.name not in self._reported:
            self._reported.add(service.name)
            title = f"{service.name} (pid {status.pid}) lives and has not answered for {now - since:.0f} s"
            self.voice.tell(title, f"{status.detail}\nend it, and it is started again: kill {status.pid}", "critical")

    def _say_well_again(self, service: Service, state: str) -> None:
        if service.name in self._reported:
            self._reported.remove(service.name)
            self.voice.tell(f"{service.name} is {state} again", level="info")
