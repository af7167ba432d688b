"""Counts answers by second, slot and variant, out of the edge's access log."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.edge import SLOTS, Slot, SlotCounts, Variant
from infra.edge.access_log import AccessLog
from infra.edge.caddy_config import slot_names

HORIZON_SECONDS = 3600
SETTLE_SECONDS = 0.2  # between the end of a second and its last line being written
BROKEN = "aborting with incomplete response"


@dataclass(frozen=True)
class Answer:
    """One finished request, on account of the slot that it was meant for. `at` is when it finished."""

    at: float
    slot: Slot
    is_failure: bool
    ms: float
    variant: Variant = ""
    is_rescued: bool = False


@dataclass
class _Second:
    failures: int = 0
    rescued: int = 0
    durations_ms: array[float] = field(default_factory=lambda: array("f"))


class Tally:
    """What one site's slots were asked in the last hour; reads each line of the log once."""

    def __init__(self, log: AccessLog, port: int) -> None:
        self._log = log
        self._port = port
        self._seconds: dict[tuple[int, Slot, Variant], _Second] = {}
        self._from = math.inf

    def counts(self, since: float, slow_ms: float) -> list[SlotCounts]:
        """Every whole second from `since` on that had ended when this was called, oldest first."""
        now = time.time()
        first, end = max(math.ceil(since), int(now) - HORIZON_SECONDS), int(now)
        # Lines of the second that has just ended may be on their way; who asks for it must not miss them.
        time.sleep(max(0.0, end + SETTLE_SECONDS - now))
        self._read(first)
        return [
            _row(start, slot, variant, self._seconds[start, slot, variant], slow_ms)
            for start, slot, variant in sorted(self._seconds)
            if first <= start < end
        ]

    def _read(self, first: int) -> None:
        if first < self._from:
            self._seconds.clear()
            self._log.seek(first)
            self._from = first
        for line in self._log.lines():
            answer = answer_of(line, self._port)
            if answer and answer.at >= self._from:
                self._add(answer)
        self._forget()

    def _add(self, answer: Answer) -> None:
        second = self._seconds.setdefault((int(answer.at), answer.slot, answer.variant), _Second())
        second.failures += answer.is_failure
        second.rescued += answer.is_rescued
        second.durations_ms.append(answer.ms)

    def _forget(self) -> None:
        oldest = int(time.time()) - HORIZON_SECONDS
        for key in [key for key in self._seconds if key[0] < oldest]:
            del self._seconds[key]
        self._from = max(self._from, oldest)


def answer_of(line: Mapping[str, Any], port: int) -> Answer | None:
    """The answer in a log line; None for a line about something else.

    A failure is a status of 500 or more, an answer that broke off, or one that the other slot gave. When
    the visitor leaves, that is nobody's failure (Caddy notes 499). Streams (WebSocket, server-sent events) live long by
    nature and are judged by the time to their headers; all others by the time to their last byte.
    """
    if line.get("msg") == BROKEN:
        return _broken(line, port)
    slot = line.get("slot")
    if slot not in SLOTS:
        return None
    status = int(line["status"])
    by = line.get("by")
    is_taken_over = by is not None and by != line["own"]
    is_failure = status >= 500 or is_taken_over
    is_stream = status == 101 or str(line.get("type") or "").startswith("text/event-stream")
    ms = float(line.get("header_ms") or 0) if is_stream else float(line["duration"]) * 1000
    is_rescued = is_taken_over and status < 500
    return Answer(float(line["ts"]), slot, is_failure, ms, _variant(line.get("variant")), is_rescued)


def _variant(said: object) -> Variant:
    """Anything but the two words says nothing."""
    return "on" if said == "on" else "off" if said == "off" else ""


def _broken(line: Mapping[str, Any], port: int) -> Answer | None:
    """Headers went out, then the body broke off: the proxy's warning is all that is logged, with the slot's name."""
    names = dict(zip(slot_names(port), SLOTS, strict=True))
    slot = names.get(str(line.get("upstream")))
    if slot is None:
        return None
    error = str(line.get("error"))
    is_failure = error.startswith("reading") and "context canceled" not in error
    return Answer(float(line["ts"]), slot, is_failure, float(line.get("duration", 0)) * 1000)


def _row(start: int, slot: Slot, variant: Variant, second: _Second, slow_ms: float) -> SlotCounts:
    durations = sorted(second.durations_ms)
    # Nearest rank: the smallest duration that 95 % of the requests did not exceed.
    p95 = durations[math.ceil(0.95 * len(durations)) - 1]
    slow = sum(1 for ms in durations if ms > slow_ms)
    return SlotCounts(start, slot, len(durations), second.failures, slow, p95, variant, second.rescued)
