"""The edge: two slots behind one address, and how much of the traffic each gets.

One slot is live; the other is empty, holds the candidate, or keeps the previous version warm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Slot = Literal["blue", "green"]
SLOTS: tuple[Slot, Slot] = ("blue", "green")
# Which way through the app an answer says that it went, where a flag has two; empty when it says nothing.
Variant = Literal["on", "off", ""]


def other(slot: Slot) -> Slot:
    """The slot beside `slot`."""
    return "green" if slot == "blue" else "blue"


@dataclass(frozen=True)
class Target:
    """A deployment that a slot sends requests to. `address` is host:port."""

    deployment: str
    address: str
    version: str


@dataclass(frozen=True)
class Route:
    """What the edge does now, read from the edge. `weight` is the percent of requests that the slot
    beside the live one gets, an integer from 0 to 100; `live` is None until a first version is live.
    `until` is when the weight ends by itself (seconds since the epoch); None when it is not lent but given."""

    live: Slot | None
    weight: int
    blue: Target | None
    green: Target | None
    until: float | None = None

    def at(self, slot: Slot) -> Target | None:
        """The target in `slot`."""
        return self.blue if slot == "blue" else self.green

    @property
    def live_target(self) -> Target | None:
        """The target that is live."""
        return self.at(self.live) if self.live else None

    @property
    def beside(self) -> Slot:
        """The slot that a candidate goes to."""
        return other(self.live) if self.live else "blue"


@dataclass(frozen=True)
class SlotCounts:
    """What one slot was asked in the second that began at `start` (seconds since the epoch), a row for each variant.

    `failures` are answers of 500 and above, answers that never came, and requests that the other slot had to take
    over, of which `rescued` ones got a good answer there; `slow` took longer than the limit asked for. `p95_ms` is for
    people, not for verdicts.
    """

    start: int
    slot: Slot
    requests: int
    failures: int
    slow: int
    p95_ms: float
    variant: Variant = ""
    rescued: int = 0


class Edge(Protocol):
    """Each change is one step that is either done or not; each may be repeated with the same outcome."""

    def route(self) -> Route:
        """What the edge does now. Raises Unreachable."""

    def attach(self, slot: Slot, target: Target) -> None:
        """Fill a slot that gets no traffic. Raises Rejected when it is live or has weight."""

    def weigh(self, weight: int) -> None:
        """Give the slot beside the live one `weight` percent. Raises BadInput, or Rejected when it is empty."""

    def lease(self, seconds: float) -> bool:
        """Lend the weight, now and as it changes: it ends by itself `seconds` from now unless this is called again.

        The dead man's switch: the edge itself sends everyone to the live slot, whoever has died meanwhile. False
        from an edge that cannot: then only what watches over releases brings traffic back.
        """

    def make_live(self, slot: Slot) -> None:
        """All traffic to `slot`, which is live from then on; the other one keeps its target at weight 0."""

    def detach(self, slot: Slot) -> None:
        """Empty a slot; all traffic goes to the live one first. Raises Rejected when `slot` is live."""

    def counts(self, since: float, slow_ms: float) -> list[SlotCounts]:
        """Finished whole seconds from `since` on, oldest first, a row for each slot and variant that was asked."""
