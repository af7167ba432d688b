"""Ends the version that is kept warm beside the live one, so that what only it still uses may be taken away."""

from __future__ import annotations

from dataclasses import dataclass

from infra.edge import SLOTS, Route
from infra.environment import load_environment
from infra.errors import BadInput, Rejected
from infra.hosting import Deployment
from infra.platform import Platform
from tasks.records import list_records
from tasks.release import platform_of, speaker
from tasks.stage import stage

IN_FLIGHT = ("running", "way back failed")


@dataclass(frozen=True)
class Retiring:
    """A deployment beside the live one. `version` is what people call it."""

    environment: str
    app: str
    deployment: str
    version: str


@stage("find what may retire", tries=3)
def find_retiring(environment: str, app: str) -> list[Retiring]:
    """What is in the slot beside the live version; empty when nothing is and no other version runs.

    A process that is in no slot counts too: a run before this one was killed between taking it out and ending it.
    Raises BadInput when nothing is live, Rejected while a release is in flight or the version has visitors.
    """
    platform = platform_of(environment, app)
    route = platform.edge.route()
    if route.live_target is None:
        raise BadInput("app", f"{app!r} has no live version in {environment}", "release it first")
    _check_quiet(platform, route)
    beside = route.at(route.beside)
    if beside:
        return [Retiring(environment, app, beside.deployment, beside.version)]
    return [Retiring(environment, app, one.id, one.ref) for one in _in_no_slot(platform, route) if one.is_running]


@stage("retire version", tries=3)
def retire_version(what: Retiring) -> str:
    """Out of its slot, then ended after draining. Its folder and log stay. Raises Rejected when it went live."""
    platform = platform_of(what.environment, what.app)
    route = platform.edge.route()
    _check_quiet(platform, route)
    for slot in SLOTS:
        target = route.at(slot)
        if target and target.deployment == what.deployment:
            platform.edge.detach(slot)  # raises Rejected when it is live
            speaker()(f"{what.version} left slot {slot}")
    platform.hosting.stop(what.deployment, load_environment(what.environment).traffic.drain_seconds)
    speaker()(f"{what.version} does not run any more")
    return what.version


def _check_quiet(platform: Platform, route: Route) -> None:
    flying = [one for one in list_records(platform.objects, platform.app) if one.standing in IN_FLIGHT]
    if flying:
        raise Rejected(
            f"release {flying[0].release.id} of {platform.app} is in flight ({flying[0].standing}):"
            " the version beside the live one is part of it",
            "let it finish, or: pipeline abort",
        )
    if route.weight:
        raise Rejected(
            f"the version beside the live one has {route.weight} % of the visitors, over 0 %",
            "give them back to the live version first: pipeline abort",
        )


def _in_no_slot(platform: Platform, route: Route) -> list[Deployment]:
    placed = {target.deployment for slot in SLOTS if (target := route.at(slot))}
    return [one for one in platform.hosting.deployments() if one.id not in placed]
