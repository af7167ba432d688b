"""The edge of one app on Caddy: reads and replaces the app's route file, and counts what visitors were answered."""

from __future__ import annotations

import time
from dataclasses import replace

from infra.edge import SLOTS, Route, Slot, SlotCounts, Target, caddy_admin, other
from infra.edge.access_log import AccessLog
from infra.edge.caddy_config import access_log
from infra.edge.route_file import RouteFile, is_address
from infra.edge.sites import Sites
from infra.edge.tally import Tally
from infra.environment import Environment
from infra.errors import BadInput, Rejected, Unreachable


class CaddyEdge:
    """Changes are durable before they return, and also while Caddy is down: it starts with them."""

    def __init__(self, environment: Environment, app: str) -> None:
        sites = Sites(environment)
        self._app = app
        self._port = sites.port(app)
        self._admin_port = environment.platform.edge_admin_port
        self._file = RouteFile(sites.folder, self._port)
        self._tally = Tally(AccessLog(access_log(sites.folder, self._port)), self._port)

    def route(self) -> Route:
        """What the edge does now. Raises Unreachable when Caddy does not answer or does not serve the app's port."""
        if not caddy_admin.read(self._admin_port, f"apps/http/servers/site-{self._port}/listen"):
            raise Unreachable(f"Caddy runs but does not serve port {self._port} of {self._app}", "run `pipeline up`")
        route = self._file.read()
        is_over = route.until is not None and route.until < int(time.time())
        return replace(route, weight=0, until=None) if is_over else route

    def attach(self, slot: Slot, target: Target) -> None:
        """Fill a slot that gets no traffic. Raises Rejected when it is live or has weight, BadInput."""
        _check_slot(slot)
        _check_target(target)
        self._file.change(lambda route: self._attached(route, slot, target))

    def weigh(self, weight: int) -> None:
        """Give the slot beside the live one `weight` percent; 0 is always possible. Raises BadInput, Rejected."""
        if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= 100:
            raise BadInput("weight", f"is {weight!r}", "give an integer from 0 to 100")
        self._file.change(lambda route: self._weighed(route, weight))

    def lease(self, seconds: float) -> bool:
        """Lend the weight for `seconds`, to the whole second above. A late renewal brings the weight back."""
        if not 0 < seconds <= 86_400:
            raise BadInput("seconds", f"is {seconds:g}", "give more than 0 and at most a day")
        until = time.time() + seconds
        self._file.change(lambda route: replace(route, until=until) if route.live else route)
        return True

    def make_live(self, slot: Slot) -> None:
        """All traffic to `slot`, live from then on; the other keeps its target. Raises Rejected when it is empty."""
        _check_slot(slot)
        self._file.change(lambda route: self._live(route, slot))

    def detach(self, slot: Slot) -> None:
        """Empty a slot; requests in flight to it end in peace. Raises Rejected when it is live."""
        _check_slot(slot)
        self._file.change(lambda route: self._detached(route, slot))

    def counts(self, since: float, slow_ms: float) -> list[SlotCounts]:
        """Finished whole seconds from `since` on, at most an hour back. Remembers how far it has read."""
        if slow_ms <= 0:
            raise BadInput("slow_ms", f"is {slow_ms:g}", "give the milliseconds above which an answer is slow")
        return self._tally.counts(since, slow_ms)

    def _attached(self, route: Route, slot: Slot, target: Target) -> Route:
        if route.live == slot or (route.beside == slot and route.weight):
            what = "is live" if route.live == slot else f"has weight {route.weight}"
            raise Rejected(
                f"slot {slot} of {self._app} {what}: {target.deployment} cannot be attached to it",
                f"attach to {route.beside}" if route.live == slot else "give it weight 0 first",
            )
        return _put(route, slot, target)

    def _weighed(self, route: Route, weight: int) -> Route:
        if weight and (route.live is None or route.at(route.beside) is None):
            what = "nothing is live" if route.live is None else f"slot {route.beside} is empty"
            fix = "make the first version live with make_live" if route.live is None else "attach a candidate first"
            raise Rejected(f"{self._app} cannot give weight {weight}: {what}", fix)
        return replace(route, weight=weight, until=route.until if weight else None)

    def _live(self, route: Route, slot: Slot) -> Route:
        if route.at(slot) is None:
            raise Rejected(f"slot {slot} of {self._app} is empty and cannot be live", "attach a deployment to it first")
        return replace(route, live=slot, weight=0, until=None)

    def _detached(self, route: Route, slot: Slot) -> Route:
        if route.live == slot:
            raise Rejected(f"slot {slot} of {self._app} is live", f"make {other(slot)} live first")
        return replace(_put(route, slot, None), weight=0, until=None)


def _put(route: Route, slot: Slot, target: Target | None) -> Route:
    return replace(route, blue=target) if slot == "blue" else replace(route, green=target)


def _check_slot(slot: Slot) -> None:
    if slot not in SLOTS:
        raise BadInput("slot", f"is {slot!r}", f"choose {' or '.join(SLOTS)}")


def _check_target(target: Target) -> None:
    if not is_address(target.address):
        raise BadInput("target.address", f"is {target.address!r}", "give host:port, such as 127.0.0.1:3000")
    if not target.deployment.strip():
        raise BadInput("target.deployment", "is empty", "give the deployment's id")
