"""A write that may not be sent twice blindly: when its answer is lost, the truth decides whether it is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.errors import Rejected, Unknown

LOOKS = 3


def settle(act: Callable[[], object], is_done: Callable[[], bool], *, pause_seconds: float = 1.0) -> None:
    """Do `act` so that `is_done`. When we cannot tell, look a few times, then send it once more.

    Raises what the last `act` raised while `is_done` says no. A no to the second try is not believed before
    the truth is read: it may only say that the first one has worked.
    """
    try:
        act()
        return
    except Unknown:
        if looks_done(is_done, pause_seconds):
            return
    try:
        act()
    except (Unknown, Rejected):
        if not looks_done(is_done, pause_seconds):
            raise


def looks_done(is_done: Callable[[], bool], pause_seconds: float) -> bool:
    """Whether it happened after all; looks more than once, as vendors show a change a moment after they made it."""
    for look in range(LOOKS):
        if look:
            time.sleep(pause_seconds)
        if is_done():
            return True
    return False
