"""What the ramp turns up: the candidate's share of the traffic, or the share of visitors for whom its flag is on."""

from __future__ import annotations

from typing import Literal, Protocol

from infra.edge import Edge, Slot, SlotCounts
from infra.flags import VARIANT_HEADER, Flags

# On whose account an answer is: of what is judged, or of what it is compared with.
Arm = Literal["candidate", "live"]
# What is judged beside the visitors of both arms: the pipeline's own probes, or every answer of the version.
Second = Literal["probes", "everyone"]


class Dial(Protocol):
    """The ramp knows nothing else about what it turns. Setting is one step, done or not, that may be repeated."""

    slot: Slot
    second: Second
    prefix: str

    def weight(self) -> int:
        """Where it stands now, in percent."""

    def set(self, weight: int) -> None:
        """So many percent from now on; 0 takes the visitors away from what is judged."""

    def lend(self, seconds: float) -> None:
        """Whatever it stands at, now and as it changes, ends by itself `seconds` from now, unless lent again."""

    def arm(self, counts: SlotCounts) -> Arm | None:
        """On whose account these counts are; None when that cannot be told."""

    def name(self, label: str) -> str:
        """What is judged, for people."""


class Traffic:
    """The candidate's slot against the live one's."""

    second: Second = "probes"
    prefix = ""

    def __init__(self, edge: Edge, slot: Slot) -> None:
        self.slot = slot
        self._edge = edge

    def weight(self) -> int:
        """Percent of the requests."""
        return self._edge.route().weight

    def set(self, weight: int) -> None:
        """One step at the edge."""
        self._edge.weigh(weight)

    def lend(self, seconds: float) -> None:
        """The edge's own lease."""
        self._edge.lease(seconds)

    def arm(self, counts: SlotCounts) -> Arm | None:
        """By slot."""
        return "candidate" if counts.slot == self.slot else "live"

    def name(self, label: str) -> str:
        """The version."""
        return label


class Flag:
    """Within the version in `slot`, which has all traffic: visitors for whom the flag is on against the others.

    The app says in each answer's X-Flag-Variant which way it went. An answer that does not say is on nobody's
    account, but it counts among all answers of the version, which are held against the limits as well.
    """

    second: Second = "everyone"
    prefix = "flag-"

    def __init__(self, flags: Flags, flag: str, slot: Slot) -> None:
        self.slot = slot
        self._flags = flags
        self._flag = flag
        self._seconds: float | None = None
        self._set = 0

    def weight(self) -> int:
        """Percent of the visitors."""
        return self._flags.percentage(self._flag) or 0

    def set(self, weight: int) -> None:
        """One step at the flags."""
        self._flags.set(self._flag, weight, self._seconds)
        self._set = weight

    def lend(self, seconds: float) -> None:
        """Written into the flag, where every app that reads it finds it."""
        self._seconds = seconds
        # What was lent too late reads 0 by now: it is what we set last that is lent anew.
        if percent := self._set or self.weight():
            self._flags.set(self._flag, percent, seconds)

    def arm(self, counts: SlotCounts) -> Arm | None:
        """By variant. The other slot has no weight: what it still answers is none of this."""
        if counts.slot != self.slot or not counts.variant:
            return None
        return "candidate" if counts.variant == "on" else "live"

    def name(self, label: str) -> str:
        """The version with its flag."""
        return f"{label} with {self._flag} on"

    def other_name(self, label: str) -> str:
        """What it is compared with."""
        return f"{label} with {self._flag} off"


UNMARKED = f"answers of the candidate bore no {VARIANT_HEADER} and are on nobody's account"
