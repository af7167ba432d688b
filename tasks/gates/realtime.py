"""The gate on what is pushed to visitors: messages arrive, and the functions that the app relies on answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from infra.errors import PipelineError
from infra.health import Answered
from infra.realtime import Realtime
from tasks.outcomes import GateClosed

MESSAGES = 5


def check_realtime(realtime: Realtime, limit_ms: float) -> str:
    """Open when a message is back within `limit_ms`."""
    try:
        found = realtime.measure(MESSAGES)
    except PipelineError as error:
        raise GateClosed(error.message, error.hint) from error
    if found.worst_ms > limit_ms:
        raise GateClosed(
            f"realtime: the slowest of {MESSAGES} messages took {found.worst_ms:.0f} ms, over {limit_ms:g}"
        )
    return f"subscribed in {found.joined_ms:.0f} ms, the slowest of {MESSAGES} messages took {found.worst_ms:.0f} ms"


def check_functions(ask_all: Callable[[], Sequence[Answered]]) -> str:
    """Open when every function answers. `ask_all` raises at the first that does not."""
    try:
        found = ask_all()
    except PipelineError as error:
        raise GateClosed(f"functions: {error.message}", error.hint) from error
    return ", ".join(f"{one.name} {one.status} in {one.milliseconds:.0f} ms" for one in found) or "none are named"
