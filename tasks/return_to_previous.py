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
def find_previous(environment: str, app: str) -> Release:
    """The release whose deployment is beside the live one. Raises BadInput or Rejected when there is none."""
    platform = platform_of(environment, app)
    route = platform.edge.route()
    if route.live is None:
        raise BadInput("app", f"{app!r} has no live version in {environment}", "release it first")
    target = route.at(route.beside)
    if target is None:
        raise Rejected(f"no previous version of {app} is kept warm in {environment}", "release the version you want")
    record = _record_of(list_records(platform.objects, app), target.deployment)
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


def _record_of(records: list[Record], deployment: str) -> Record:
    for record in records:
        if record.release.deployment == deployment:
            return record
    raise Rejected(f"no release is on record for deployment {deployment}", "release the version you want")
