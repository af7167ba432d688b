"""How long a server may be silent before we say that it is: asked again with growing pauses, within a stated time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from deployments.prefect_wire import NotAllowed
from infra.commands import Say
from infra.errors import PipelineError, Unknown, Unreachable

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 15.0
T = TypeVar("T")


class OutOfReach(Unreachable):
    """Silent for as long as we were told to bear."""


class Silence:
    """`seconds` is what is borne in a row. A server that answers nonsense counts as silent where `nonsense` is borne:
    a proxy in front of one that restarts says such things."""

    def __init__(self, seconds: float, say: Say) -> None:
        self.seconds = seconds
        self._say = say

    def bear(self, ask: Callable[[], T], *, nonsense: bool) -> T:
        """The answer. Raises OutOfReach when the time is up; any other no at once, a wrong credential above all."""
        started, pause = time.monotonic(), FIRST_PAUSE_SECONDS
        while True:
            try:
                return ask()
            except NotAllowed:
                raise
            except (Unreachable, Unknown) as error:
                if isinstance(error, Unknown) and not nonsense:
                    raise
                self._wait(error, started, pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _wait(self, error: PipelineError, started: float, pause: float) -> None:
        waited = time.monotonic() - started
        if waited + pause > self.seconds:
            silent = f"{error.message}; asked for {waited:.0f} of {self.seconds:.0f} s"
            raise OutOfReach(silent, "see whether Prefect runs and is let through: PREFECT_API_URL, `pipeline doctor`")
        self._say(f"{error.message}; asking again in {pause:.1f} s, for {self.seconds - waited:.0f} s more")
        time.sleep(pause)
