"""Shows to other machines that the holder of a lock lives: a thread that beats for as long as this process does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from infra.errors import PipelineError

_STOPS: dict[str, threading.Event] = {}


def keep_pulse(name: str, beat: Callable[[], bool], every_seconds: float) -> None:
    """Call `beat` every so often until it says False or `stop_pulse` is called.

    A beat that fails is made up for by the next: how long a silence may be is the reader's to decide.
    """
    stop = threading.Event()
    _STOPS[name] = stop

    def go_on() -> None:
        while not stop.wait(every_seconds):
            try:
                if not beat():
                    break
            except PipelineError:
                continue
        _STOPS.pop(name, None)

    threading.Thread(target=go_on, name=f"pulse of {name}", daemon=True).start()


def stop_pulse(name: str) -> None:
    """Let it be silent; harmless when there is none."""
    stop = _STOPS.pop(name, None)
    if stop:
        stop.set()
