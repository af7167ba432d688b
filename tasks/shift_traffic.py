"""The candidate's place at the edge: into a slot at weight 0, to everyone at promotion, and out again."""

from __future__ import annotations

import time
from typing import Any

from infra.edge import Route, Slot, Target
from infra.hosting import Deployment
from tasks.notes import write_note
from tasks.outcomes import WayBackFailed
from tasks.release import Release, speaker
from tasks.stage import Journey, stage

NAME = "traffic"


def is_attached(release: Release, before: Route) -> bool:
    """Whether the candidate is in its slot."""
    return is_ours(release.platform.edge.route(), before.beside, release)


@stage("attach candidate", tries=3, journey=Journey(still=is_attached))
def attach_candidate(release: Release, slot: Slot, candidate: Deployment) -> Route:
    """The candidate in its slot, still without visitors."""
    edge = release.platform.edge
    route = edge.route()
    live = route.live_target
    write_note(release, NAME, {"live": route.live, "deployment": live.deployment if live else None, "slot": slot})
    edge.attach(slot, Target(candidate.id, candidate.address, release.label))
    speaker()(f"{release.label} is in slot {slot} at weight 0; {_name(live)} is live")
    return edge.route()


def is_promoted(release: Release, _route: Route) -> bool:
    """Whether it is live."""
    live = release.platform.edge.route().live_target
    return live is not None and live.deployment == release.deployment


@stage("promote", tries=3, journey=Journey(still=is_promoted))
def promote(release: Release, slot: Slot) -> Route:
    """Everyone to the candidate, which is live from now on; the version before it stays warm."""
    edge = release.platform.edge
    before = edge.route()
    edge.make_live(slot)
    route = edge.route()
    speaker()(f"{release.label} is live in slot {slot}; {_name(before.live_target)} is kept warm")
    return route


@stage("way back: traffic", tries=3)
def put_traffic_back(release: Release, facts: dict[str, Any]) -> str:
    """All visitors to what was live before, and the candidate out of its slot."""
    say = speaker()
    edge = release.platform.edge
    started = time.monotonic()
    route = edge.route()
    if facts["live"] is None:
        return _leave_first(release, route)
    if route.live != facts["live"]:
        _check_is_there(route.at(facts["live"]), facts)
        edge.make_live(facts["live"])
    elif route.at(route.beside):
        edge.weigh(0)
    say(f"all traffic is on {_name(edge.route().live_target)} after {(time.monotonic() - started) * 1000:.0f} ms")
    if is_ours(edge.route(), facts["slot"], release):
        edge.detach(facts["slot"])
    return f"traffic on {_name(edge.route().live_target)}"


def _check_is_there(target: Target | None, facts: dict[str, Any]) -> None:
    """Nobody is sent to a slot by its colour alone."""
    if target is None or target.deployment != facts["deployment"]:
        now = target.deployment if target else "nothing"
        raise WayBackFailed(
            f"slot {facts['live']} has {now} and not {facts['deployment']}, which was live before",
            "release the version that should be live",
        )


def is_ours(route: Route, slot: Slot, release: Release) -> bool:
    """Whether this release's deployment is in the slot."""
    target = route.at(slot)
    return target is not None and target.deployment == release.deployment


def _leave_first(release: Release, route: Route) -> str:
    if route.live and is_ours(route, route.live, release):
        raise WayBackFailed(
            f"{release.label} stays live: no version came before it to return to", "release a version that works"
        )
    for slot in ("blue", "green"):
        if is_ours(route, slot, release):
            release.platform.edge.detach(slot)
    return "no version came before it: nothing serves"


def _name(target: Target | None) -> str:
    return target.version if target else "no version"
