"""Patience with the object store: its silence for some seconds must not end a release, nor stop a way back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from infra.errors import Unreachable

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 5.0


def patiently(call: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """`call`, again and again while it meets silence. Only for what may be repeated. Raises the last Unreachable.

    The pauses double up to 5 s, each shortened by up to a half at random so that callers do not march in step.
    """
    deadline = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            return call()
        except Unreachable:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
