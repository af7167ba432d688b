"""How long and how often a vendor is asked again: a budget of tries and seconds, growing pauses, `Retry-After`."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0


@dataclass(frozen=True)
class Patience:
    """`tries` in all, within `seconds` from the first to the start of the last; `first_pause_seconds` grows by two."""

    tries: int = 4
    seconds: float = 30.0
    first_pause_seconds: float = FIRST_PAUSE_SECONDS

    def pause(self, tried: int, asked_for: float | None, spent: float) -> float | None:
        """Seconds to wait before the next try; None when the budget does not have them.

        The pause is drawn from the upper half of what has grown so far, so that many clients that were turned
        away at the same moment do not come back at the same moment.
        """
        grown = min(self.first_pause_seconds * 2 ** (tried - 1), LONGEST_PAUSE_SECONDS)
        wait = max(grown * random.uniform(0.5, 1.0), asked_for or 0.0)
        return wait if tried < self.tries and spent + wait <= self.seconds else None


def retry_after(value: str) -> float | None:
    """Seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date); None when it says nothing.

    Vendors have been seen to send negative numbers: these ask for no wait.
    """
    text = value.strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def limit_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a vendor which has had too many requests asks for; None when its headers speak of no limit.

    GitHub turns requests away with 403 as well as 429, with `Retry-After`, or with `x-ratelimit-remaining: 0` and the
    moment `x-ratelimit-reset` (docs.github.com, "Rate limits for the REST API").
    """
    asked_for = retry_after(headers.get("Retry-After", ""))
    if asked_for is not None or headers.get("x-ratelimit-remaining", "").strip() != "0":
        return asked_for
    reset = headers.get("x-ratelimit-reset", "").strip()
    return max(0.0, float(reset) - time.time()) if reset.isdecimal() else 0.0
