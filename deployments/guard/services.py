"""Services whose process died are started again, in the order in which they need each other."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deployments.guard.backoff import Backoff
from deployments.guard.voice import Voice
from infra.environment import Environment
from infra.errors import PipelineError
from infra.local import Place, Say, Service
from infra.local.apps import Fallen, HostedApps

SURE_SECONDS = 0.25  # one that is being stopped on purpose looks dead for a moment
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0


def _backoffs() -> defaultdict[object, Backoff]:
    return defaultdict(lambda: Backoff(FIRST_SECONDS, LONGEST_SECONDS))


@dataclass
class ChainMender:
    """One chain of services: what comes later is mended only when what it needs runs."""

    environment: Environment
    chain: Sequence[Service]
    voice: Voice
    _backoffs: defaultdict[object, Backoff] = field(default_factory=_backoffs)

    def look(self) -> None:
        """Start again what died and is due."""
        for service in self.chain:
            backoff = self._backoffs[service.name]
            if not self._has_died(service):
                backoff.is_well(time.monotonic())
            elif not (backoff.is_due(time.monotonic()) and self._mend(service, backoff)):
                return

    def _has_died(self, service: Service) -> bool:
        # `is_up` also knows a process whose record was lost.
        place = Place(self.environment.state, service.name)
        if not place.has_died or service.is_up():
            return False
        time.sleep(SURE_SECONDS)
        return place.has_died and not service.is_up()

    def _mend(self, service: Service, backoff: Backoff) -> bool:
        return _again(service.name, service.up, backoff, self.voice)


@dataclass
class AppMender:
    """Deployments in slots, each with a patience of its own: one that always falls does not keep the others down."""

    apps: HostedApps
    voice: Voice
    _backoffs: defaultdict[object, Backoff] = field(default_factory=_backoffs)

    def look(self) -> None:
        """Run again what fell and is due."""
        fallen = self._sure()
        for one, backoff in self._backoffs.items():
            if one not in fallen:
                backoff.is_well(time.monotonic())
        for one in fallen:
            if self._backoffs[one].is_due(time.monotonic()):
                self._mend(one, self._backoffs[one])

    def _sure(self) -> list[Fallen]:
        """Seen twice."""
        fallen = self.apps.fallen()
        if not fallen:
            return []
        time.sleep(SURE_SECONDS)
        return [one for one in self.apps.fallen() if one in fallen]

    def _mend(self, fallen: Fallen, backoff: Backoff) -> None:
        def up(say: Say) -> None:
            self.apps.mend(fallen, say)

        _again(f"{fallen.deployment} of {fallen.app}", up, backoff, self.voice)


def _again(name: str, up: Callable[[Say], None], backoff: Backoff, voice: Voice) -> bool:
    """Whether it runs again. However this ends, the next try waits longer."""
    started = time.monotonic()
    try:
        up(voice.say)
    except PipelineError as error:
        backoff.tried(time.monotonic())
        voice.tell(f"{name} died and does not start; next try in {backoff.wait_seconds:g} s", str(error), "critical")
        return False
    except BaseException:
        backoff.tried(time.monotonic())
        raise
    backoff.tried(time.monotonic())
    voice.tell(f"{name} died and runs again after {time.monotonic() - started:.1f} s")
    return True
