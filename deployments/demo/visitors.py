"""People who use the app: each keeps cookies as a browser does, looks at pages, checks in and pays."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

# The shifts that the demo app's first migration creates.
SHIFTS = 12
# After about so many requests a visitor leaves and somebody without cookies comes.
STAY_REQUESTS = 200
# Weights: four in five requests only read, as on the real thing.
MIX = {"/": 30, "/dashboard": 18, "/gps-checkin": 10, "/api/shifts": 16, "read back": 6, "check in": 12, "pay": 8}


@dataclass(frozen=True)
class Write:
    """A write that may be repeated under the same `uuid`. `values` are the columns that it must leave behind."""

    uuid: UUID
    kind: str
    values: dict[str, int | float]


@dataclass(frozen=True)
class Ask:
    """One request. `body` is JSON; `write` is set when an answer to it is a promise to keep."""

    method: str
    path: str
    body: bytes = b""
    write: Write | None = None


@dataclass
class Visitor:
    """One browser: its cookie jar, and the last check-in that was acknowledged to it."""

    cookies: dict[str, str] = field(default_factory=dict)
    last_checkin: UUID | None = None

    def headers(self) -> dict[str, str]:
        """The Cookie header; none before a cookie was set."""
        return {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}

    def remember(self, lines: Iterable[str]) -> None:
        """Take over Set-Cookie lines; an expired one is forgotten."""
        for line in lines:
            pair, *attributes = line.split(";")
            name, _, value = pair.strip().partition("=")
            if any(a.strip().lower() == "max-age=0" for a in attributes):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


class Crowd:
    """`size` visitors at any time; the same `seed` makes the same requests."""

    def __init__(self, size: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._visitors = [Visitor() for _ in range(size)]
        self._choices, self._weights = list(MIX), list(MIX.values())

    def next(self) -> tuple[Visitor, Ask]:
        """Who asks next, and what."""
        place = self._random.randrange(len(self._visitors))
        if self._random.random() < 1 / STAY_REQUESTS:
            self._visitors[place] = Visitor()
        visitor = self._visitors[place]
        return visitor, self._ask(visitor)

    def _ask(self, visitor: Visitor) -> Ask:
        choice = self._random.choices(self._choices, self._weights)[0]
        if choice == "check in":
            return self._check_in()
        if choice == "pay":
            return self._pay()
        if choice == "read back":
            return Ask("GET", f"/api/checkins/{visitor.last_checkin}" if visitor.last_checkin else "/api/shifts")
        return Ask("GET", choice)

    def _check_in(self) -> Ask:
        place = {
            "shift_id": self._random.randint(1, SHIFTS),
            "latitude": round(self._random.uniform(50.8, 53.5), 6),
            "longitude": round(self._random.uniform(3.4, 7.2), 6),
        }
        write = Write(self._uuid(), "checkin", place)
        # Versions before v2 ignore the accuracy, and a way back may drop it again: no promise is made about it.
        accuracy = {"accuracy_meters": float(self._random.randint(3, 60))}
        return Ask("POST", "/api/checkins", _json(write, accuracy), write)

    def _pay(self) -> Ask:
        amount = {"shift_id": self._random.randint(1, SHIFTS), "amount_cents": self._random.randint(100, 50_000)}
        write = Write(self._uuid(), "payment", dict(amount))
        return Ask("POST", "/api/payments", _json(write, {}), write)

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def _json(write: Write, more: dict[str, float]) -> bytes:
    return json.dumps({"id": str(write.uuid), **write.values, **more}).encode()
