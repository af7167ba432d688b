"""Repeats an act through a short outage, such as the seconds in which a standby takes over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.errors import Unavailable

Result = TypeVar("Result")
PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.4


async def patiently(
    act: Callable[[], Awaitable[Result]], *, passing: tuple[type[Exception], ...], seconds: float
) -> Result:
    """Try until it works; no new try begins later than `seconds` after the first one.

    Only errors in `passing` are worth another try. An act in progress is never cancelled: it bounds itself, and a
    connection whose act was cut off can be lost to its pool for good. Everything done through here must be
    harmless when it happens twice. Raises Unavailable.
    """
    deadline = time.monotonic() + seconds
    pause = PAUSE_SECONDS
    while True:
        try:
            return await act()
        except passing as error:
            if time.monotonic() + pause > deadline:
                raise Unavailable(f"the database gave no answer within {seconds:g} s") from error
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
