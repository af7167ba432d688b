"""Whether something that speaks HTTP can be asked and answers, and how soon."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from infra.errors import Rejected, Unreachable
from infra.redaction import redact

NOT_FOUND = 404


@dataclass(frozen=True)
class Answered:
    """`name` was asked and answered with `status` after `milliseconds`."""

    name: str
    status: int
    milliseconds: float


def ask(name: str, url: str, headers: Mapping[str, str] | None = None, timeout_seconds: float = 10) -> Answered:
    """One GET. Any answer below 500 but 404 is a service that runs: what it thinks of the question is its own affair.

    Raises Unreachable for silence and a 5xx, Rejected for 404: it is not deployed there.
    """
    started = time.monotonic()
    try:
        status = httpx.get(url, headers=headers, timeout=timeout_seconds).status_code
    except httpx.TransportError as error:
        why = redact(str(error)) or type(error).__name__
        raise Unreachable(f"{name} at {url} gave no answer: {why}", "is it deployed and up?") from None
    if status >= 500:
        raise Unreachable(f"{name} at {url} answered {status}", "see its log")
    if status == NOT_FOUND:
        raise Rejected(f"{name} at {url} answered 404: it is not there", "deploy it, or take it off the list")
    return Answered(name, status, (time.monotonic() - started) * 1000)
