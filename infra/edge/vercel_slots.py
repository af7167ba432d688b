"""The two slots of an app at Vercel, which knows no slots: their names are kept in the object store.

Only names are kept. Who is live, and with what weight, is read from Vercel every time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from infra.edge import Slot, Target, other
from infra.errors import Rejected
from infra.objects import Objects


@dataclass(frozen=True)
class Place:
    """What is in a slot; `vercel_id` is Vercel's name for the deployment."""

    target: Target
    vercel_id: str


@dataclass(frozen=True)
class Slots:
    """`live` is the slot that was last made live; `given` the weight that was last given to the other one."""

    live: Slot | None = None
    given: int = 0
    blue: Place | None = None
    green: Place | None = None

    def at(self, slot: Slot) -> Place | None:
        """What is in `slot`."""
        return self.blue if slot == "blue" else self.green

    @property
    def beside(self) -> Slot:
        """The slot that a candidate goes to."""
        return other(self.live) if self.live else "blue"

    def of(self, vercel_id: str | None) -> Slot | None:
        """The slot that a deployment is in."""
        for slot in ("blue", "green"):
            place = self.at(slot)
            if place and place.vercel_id == vercel_id:
                return slot
        return None

    def put(self, slot: Slot, place: Place | None) -> Slots:
        """The same with another deployment, or none, in `slot`."""
        return replace(self, blue=place) if slot == "blue" else replace(self, green=place)


class SlotBook:
    """Where the slots of one app are written down."""

    def __init__(self, objects: Objects, app: str) -> None:
        self._objects = objects
        self._key = f"edge/{app}/slots.json"

    def read(self) -> Slots:
        """As they are; empty ones before the first release."""
        content = self._objects.get(self._key)
        if content is None:
            return Slots()
        try:
            found = json.loads(content)
            return Slots(found["live"], found["given"], _place(found["blue"]), _place(found["green"]))
        except (ValueError, KeyError, TypeError) as error:
            problem = f"{self._key} in the object store cannot be read: {type(error).__name__} {error}"
            raise Rejected(problem, "delete it: what Vercel serves is adopted again") from error

    def write(self, slots: Slots) -> None:
        """Durable before it returns."""
        self._objects.put(self._key, json.dumps(asdict(slots)).encode(), "application/json")


def _place(found: dict[str, object] | None) -> Place | None:
    if found is None:
        return None
    target = found["target"]
    assert isinstance(target, dict)
    return Place(Target(**target), str(found["vercel_id"]))
