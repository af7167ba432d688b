"""Sends requests at a steady rate whatever the answers do (an open loop), and records what became of each."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass

from deployments.demo.ledger import Entry, LedgerWriter
from deployments.demo.tally import NO_VERSION, Outcome, Tally
from deployments.demo.visitors import Ask, Crowd, Visitor, Write
from deployments.demo.wire import ConnectionLost, Reply, Wire

TIMEOUT_SECONDS = 5.0
_LONGEST_NAP_SECONDS = 0.1


@dataclass(frozen=True)
class Plan:
    """Where to, how fast (requests a second), and the two limits that end it; an answer may take `timeout_seconds`."""

    url: str
    rate: float
    seconds: float
    max_requests: int
    visitors: int
    seed: int
    timeout_seconds: float = TIMEOUT_SECONDS


class Traffic:
    """One run of a plan. `tally` holds the counts while it runs."""

    def __init__(self, plan: Plan, ledger: LedgerWriter) -> None:
        self.tally = Tally()
        self._plan = plan
        self._ledger = ledger
        self._wire = Wire(plan.url)
        self._crowd = Crowd(plan.visitors, plan.seed)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until a limit is reached or `stop` is set, then wait for what is in flight (5 s at most)."""
        started = time.monotonic()
        # Leaving the group waits for requests in flight, each of which has its own time limit.
        async with asyncio.TaskGroup() as flying:
            for number in range(self._plan.max_requests):
                due = number / self._plan.rate
                if due > self._plan.seconds or not await _nap_until(started + due, stop):
                    break
                self.tally.late_ms = max(self.tally.late_ms, (time.monotonic() - started - due) * 1000)
                flying.create_task(self._send(*self._crowd.next()))
        self._wire.close()

    async def _send(self, visitor: Visitor, ask: Ask) -> None:
        started = time.monotonic()
        headers = visitor.headers() | {"User-Agent": "securyflex-demo-load", "Accept": "*/*"}
        if ask.body:
            headers["Content-Type"] = "application/json"
        failure, cause, reply = "", "", None
        try:
            async with asyncio.timeout(self._plan.timeout_seconds):
                reply = await self._wire.ask(ask.method, ask.path, headers, ask.body)
        except TimeoutError:
            failure, cause = "timeout", f"no answer within {self._plan.timeout_seconds:g} s"
        except ConnectionLost as error:
            failure, cause = "connection", str(error)
        if reply is not None:
            failure, cause = self._judge(visitor, ask, reply)
        self.tally.add(_outcome(ask, reply, time.monotonic() - started, failure, cause))

    def _judge(self, visitor: Visitor, ask: Ask, reply: Reply) -> tuple[str, str]:
        """Failure and its cause, both empty for a good answer; a promise goes into the ledger."""
        visitor.remember(reply.cookies)
        if reply.status >= 500:
            return "status", f"HTTP {reply.status}: {reply.body[:200].decode(errors='replace')}"
        if ask.write is None or reply.status not in (200, 201):
            return "", ""
        if not _is_about(reply, ask.write):
            return "answer", f"acknowledged something else: {reply.body[:200].decode(errors='replace')}"
        self._note(ask.write, visitor, _version(reply))
        return "", ""

    def _note(self, write: Write, visitor: Visitor, version: str) -> None:
        self._ledger.add(Entry(write.uuid, write.kind, write.values, time.time(), version))
        self.tally.acknowledged += 1
        if write.kind == "checkin":
            visitor.last_checkin = write.uuid


async def _nap_until(moment: float, stop: asyncio.Event) -> bool:
    """Sleep until a moment of the monotonic clock; False as soon as `stop` is set."""
    while not stop.is_set():
        remaining = moment - time.monotonic()
        if remaining <= 0:
            # Behind schedule, others must still get their turn.
            await asyncio.sleep(0)
            return not stop.is_set()
        await asyncio.sleep(min(remaining, _LONGEST_NAP_SECONDS))
    return False


def _is_about(reply: Reply, write: Write) -> bool:
    try:
        row = json.loads(reply.body)
    except ValueError:
        return False
    return isinstance(row, dict) and {"id": str(write.uuid), **write.values}.items() <= row.items()


def _version(reply: Reply | None) -> str:
    return reply.headers.get("x-app-version", NO_VERSION) if reply else NO_VERSION


def _outcome(ask: Ask, reply: Reply | None, seconds: float, failure: str, cause: str) -> Outcome:
    return Outcome(
        request=f"{ask.method} {ask.path}",
        time=time.time(),
        seconds=seconds,
        status=reply.status if reply else 0,
        version=_version(reply),
        failure=failure,
        cause=cause,
    )
