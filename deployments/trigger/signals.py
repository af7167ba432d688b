"""A cancelled job: GitHub sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s after that.

https://docs.github.com/actions/reference/workflow-cancellation-reference
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HEARD = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Somebody wants this process to end; not an Exception, so that nothing on the way takes it for a failure."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Either signal raises Interrupted wherever this process is, also a second and a third one.

    Set even where a shell had them ignored, as for what it starts in the background.
    """
    before = {number: signal.signal(number, _raise) for number in HEARD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """The last words are said to their end; there are few."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in HEARD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(signal.Signals(number).name)
