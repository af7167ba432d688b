"""Repeats an act through a short outage, such as the seconds in which a standby takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.errors import Unavailable

Result = TypeVar("Result")
PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.4


async def patiently(
    act: Callable[[], Awaitable[Result]], *, passing: tuple[type[Exception], ...], seconds: float
) -> Result:
    """Try until it works, for at most `seconds`; only errors in `passing` are worth another try.

    Everything done through here must be harmless when it happens twice. Raises Unavailable.
    """
    last: Exception | None = None
    pause = PAUSE_SECONDS
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    return await act()
                except passing as error:
                    last = error
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    except TimeoutError as error:
        raise Unavailable(f"the database gave no answer within {seconds:g} s") from (last or error)
