"""The edge of one app at Vercel: rolling releases give weights, promotions and instant rollbacks make live.

Two things it does otherwise than an edge of our own: weights only go up within a release (0 ends it), and nobody
counts visitors for us.
"""

from __future__ import annotations

from dataclasses import replace

from infra.edge import SLOTS, Route, Slot, SlotCounts, Target, other
from infra.edge.uncounted import NoCounts
from infra.edge.vercel_jobs import Jobs
from infra.edge.vercel_rolling import RollingReleases
from infra.edge.vercel_slots import Place, SlotBook, Slots
from infra.environment.ramp import Canary
from infra.errors import BadInput, Rejected
from infra.hosting.vercel_project import META_DEPLOYMENT, META_REF, VercelProject
from infra.hosting.vercel_records import Rolling
from infra.objects import Objects


class VercelEdge:
    """Deployments are found by the names that we gave them when they were built."""

    def __init__(self, project: VercelProject, objects: Objects, app: str, policy: Canary) -> None:
        self._project = project
        self._book = SlotBook(objects, app)
        self._app = app
        self._rolling = RollingReleases(project, policy.weights)
        self._jobs = Jobs(project, self._rolling)

    def route(self) -> Route:
        """What Vercel does now, in our slots' names. What somebody else made live there is shown as live."""
        slots, weight = self._now()
        blue, green = (place.target if place else None for place in (slots.blue, slots.green))
        return Route(slots.live, weight, blue, green)

    def attach(self, slot: Slot, target: Target) -> None:
        """Fill a slot that gets no traffic; here the plan is checked, before anybody is sent anywhere.

        Raises BadInput, and Rejected when the slot is live or has weight, when the deployment is not ready at
        Vercel, and when the plan does not allow the ramp.
        """
        _check_slot(slot)
        slots, weight = self._now()
        if slots.live == slot or (slots.live and weight):
            what = "is live" if slots.live == slot else f"has weight {weight}"
            fix = f"attach to {slots.beside}" if slots.live == slot else "give it weight 0 first"
            raise Rejected(f"slot {slot} of {self._app} {what}: {target.deployment} cannot be attached to it", fix)
        copy = self._project.find(target.deployment)
        if copy is None or not copy.is_ready:
            what = f"is {copy.state}" if copy else "does not exist"
            raise Rejected(f"deployment {target.deployment} {what} at Vercel", "build it first")
        if slots.live:
            self._rolling.check_plan()
        self._book.write(slots.put(slot, Place(target, copy.id)))

    def weigh(self, weight: int) -> None:
        """Give the slot beside the live one `weight` percent, which must be one of the ramp's; 0 ends the ramp.

        Raises BadInput, and Rejected when the slot is empty, when the weight would have to go down, and when the
        version there was live before: Vercel sends no share of the visitors back to it.
        """
        if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= 100:
            raise BadInput("weight", f"is {weight!r}", "give an integer from 0 to 100")
        slots, now = self._now()
        if weight == now:
            return
        if weight == 0:
            self._send_home(slots)
            return
        candidate = self._candidate(slots, weight)
        # Written before the act: a process that dies in between must not take a full ramp for a promotion.
        self._book.write(replace(slots, given=weight))
        if weight == 100:
            self._serve(candidate.vercel_id)
        else:
            self._rolling.step_to(candidate.vercel_id, weight)

    def lease(self, seconds: float) -> bool:
        """False: Vercel cannot lend a weight."""
        return False

    def make_live(self, slot: Slot) -> None:
        """All traffic to `slot`; the other keeps its target. Raises Rejected when it is empty."""
        _check_slot(slot)
        slots, _ = self._now()
        place = slots.at(slot)
        if place is None:
            raise Rejected(f"slot {slot} of {self._app} is empty and cannot be live", "attach a deployment to it first")
        self._serve(place.vercel_id)
        self._book.write(replace(slots, live=slot, given=0))

    def detach(self, slot: Slot) -> None:
        """Empty a slot. Raises Rejected when it is live."""
        _check_slot(slot)
        slots, weight = self._now()
        if slots.live == slot:
            raise Rejected(f"slot {slot} of {self._app} is live", f"make {other(slot)} live first")
        if weight:
            self._send_home(slots)
        self._book.write(replace(slots.put(slot, None), given=0))

    def counts(self, since: float, slow_ms: float) -> list[SlotCounts]:
        """Raises NoCounts, always."""
        raise NoCounts(
            f"Vercel does not count the visitors of {self._app} by deployment and second: its query of metrics has "
            "whole minutes, needs Observability Plus and is not in its published document",
            "nothing to do: the ramp asks both versions at their own addresses",
        )

    def _now(self) -> tuple[Slots, int]:
        """The slots as they are by Vercel's word, and the weight of the one beside the live one."""
        slots, rolling = self._book.read(), self._rolling.active()
        serving = rolling.base.id if rolling else self._project.serving()
        if serving is None:
            return replace(slots, live=None, given=0), 0
        beside = slots.at(slots.beside) if slots.live else None
        if slots.given == 100 and rolling is None and beside and beside.vercel_id == serving:
            return slots, 100
        live = slots.of(serving)
        slots = replace(slots, live=live) if live else self._adopt(slots, serving)
        return slots, _weight(slots, rolling)

    def _adopt(self, slots: Slots, serving: str) -> Slots:
        """Somebody else made it live: it takes the live slot, so that what is beside it stays."""
        copy = self._project.copy(serving)
        name = copy.meta.get(META_DEPLOYMENT, copy.id)
        target = Target(name, copy.url or "", copy.meta.get(META_REF, copy.id))
        slot: Slot = slots.live or "blue"
        return replace(slots.put(slot, Place(target, serving)), live=slot)

    def _candidate(self, slots: Slots, weight: int) -> Place:
        place = slots.at(slots.beside)
        if slots.live is None or place is None:
            what = "nothing is live" if slots.live is None else f"slot {slots.beside} is empty"
            fix = "make the first version live with make_live" if slots.live is None else "attach a candidate first"
            raise Rejected(f"{self._app} cannot give weight {weight}: {what}", fix)
        if weight < 100 and self._project.copy(place.vercel_id).has_served:
            raise Rejected(
                f"{place.target.version} has been live at Vercel before: it cannot get {weight} % of the visitors",
                "set watch.previous_percent = 0: at Vercel the version before is all or nothing",
            )
        return place

    def _serve(self, identifier: str) -> None:
        """Everyone to a deployment, from whatever is going on; then it is read back."""
        rolling = self._rolling.active()
        if rolling and rolling.canary.id == identifier:
            self._rolling.complete(identifier)
        elif rolling:
            self._jobs.abort(rolling)
        if self._project.serving() != identifier:
            move = self._jobs.roll_back if self._project.copy(identifier).has_served else self._jobs.promote
            move(identifier)
        self._jobs.wait_until_serving(identifier)

    def _send_home(self, slots: Slots) -> None:
        live = slots.at(slots.live) if slots.live else None
        if live:
            self._serve(live.vercel_id)
        self._book.write(replace(slots, given=0))


def _weight(slots: Slots, rolling: Rolling | None) -> int:
    place = slots.at(slots.beside)
    if rolling is None or rolling.active is None or place is None or place.vercel_id != rolling.canary.id:
        return 0
    return round(rolling.active.weight)


def _check_slot(slot: Slot) -> None:
    if slot not in SLOTS:
        raise BadInput("slot", f"is {slot!r}", f"choose {' or '.join(SLOTS)}")
