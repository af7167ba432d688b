"""The version that was live before, found at the edge, woken, and made live again."""

from __future__ import annotations

from infra.edge import Slot, Target
from infra.errors import BadInput, Rejected
from infra.hosting import Deployment
from tasks.records import Record, list_records
from tasks.release import Release, platform_of, speaker
from tasks.stage import stage
from tasks.variables import variables_of


@stage("find previous version", tries=3)
def find_previous(environment: str, app: str, release: str = "", to_newer: bool = False) -> Release:
    """The release whose deployment is beside the live one. Raises BadInput or Rejected when there is none.

    Refuses when `release` is named and is not the live one, and, without `to_newer`, to go to what was promoted after
    the live one: that was taken back before, and whoever asks twice would bring it live again.
    """
    platform = platform_of(environment, app)
    route = platform.edge.route()
    if route.live_target is None:
        raise BadInput("app", f"{app!r} has no live version in {environment}", "release it first")
    target = route.at(route.beside)
    if target is None:
        raise Rejected(f"no previous version of {app} is kept warm in {environment}", "release the version you want")
    records = list_records(platform.objects, app)
    live, record = _record_of(records, route.live_target), _record_of(records, target)
    if record is None:
        raise Rejected(f"no release is on record for deployment {target.deployment}", "release the version you want")
    if release:
        _check_is_live(release, route.live_target, live)
    if live and not to_newer:
        _check_is_older(record, live)
    speaker()(f"{target.version} is in slot {route.beside}, beside the live version")
    return record.release


@stage("wake previous version")
def wake_previous(previous: Release) -> Deployment:
    """Its deployment, running and healthy, at the address that the edge knows."""
    return previous.platform.hosting.start(previous.deployment, variables_of(previous), speaker())


@stage("return to previous version", tries=3)
def return_to_previous(previous: Release, deployment: Deployment) -> Slot:
    """All traffic to it, at the address that it has now; the version that was live stays beside it."""
    edge = previous.platform.edge
    route = edge.route()
    slots: tuple[Slot, Slot] = ("blue", "green")
    found = [slot for slot in slots if (target := route.at(slot)) and target.deployment == previous.deployment]
    if not found:
        raise Rejected(f"{previous.label} is in no slot any more", "release it again")
    if route.live != found[0]:
        edge.attach(found[0], Target(deployment.id, deployment.address, previous.label))
    edge.make_live(found[0])
    speaker()(f"{previous.label} is live in slot {found[0]}")
    return found[0]


def _record_of(records: list[Record], target: Target) -> Record | None:
    return next((record for record in records if record.release.deployment == target.deployment), None)


def _check_is_live(name: str, target: Target, live: Record | None) -> None:
    if name != target.version and not (live and live.release.is_called(name)):
        problem = f"{name} is not live, {target.version} (deployment {target.deployment}) is"
        raise Rejected(problem, "nothing is to be done, unless that one is bad too: then name it")


def _check_is_older(record: Record, live: Record) -> None:
    """By when each was promoted: one that began earlier may have been promoted later, by Retry."""
    if (record.ended or 0) > (live.ended or 0):
        problem = f"{record.release.label} was promoted after {live.release.label}, which is live: it was taken back"
        app = record.release.app
        raise Rejected(problem, f"if you want it live again: pipeline rollback --app {app} --reason ... --to-newer")
