"""Frees the slot for the candidate. The version kept warm there is ended, and woken again if the release goes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from infra.edge import Slot, Target
from tasks.notes import write_note
from tasks.release import Release, speaker
from tasks.stage import Journey, stage
from tasks.variables import variables_of

NAME = "make-room"


def is_room(release: Release, slot: Slot) -> bool:
    """Whether the slot is empty or has this release's candidate."""
    target = release.platform.edge.route().at(slot)
    return target is None or target.deployment == release.deployment


@stage("make room", tries=3, journey=Journey(still=is_room))
def make_room(release: Release) -> Slot:
    """The slot for the candidate."""
    say = speaker()
    platform = release.platform
    route = platform.edge.route()
    slot = route.beside
    old = route.at(slot)
    if old and old.deployment != release.deployment:
        write_note(release, NAME, {"slot": slot, "deployment": old.deployment, "version": old.version})
        platform.edge.detach(slot)
        platform.hosting.stop(old.deployment, release.settings.traffic.drain_seconds)
        say(f"{old.version} left slot {slot} and was ended")
        # What a way back would wake is not thrown away, nor what is live, should it be down at this moment.
        platform.hosting.prune(keep=3, but=[target.deployment for target in (route.blue, route.green) if target])
    return slot


@stage("way back: make room", tries=3)
def wake_previous_again(release: Release, facts: dict[str, Any]) -> str:
    """The version that was kept warm runs in its slot again, without visitors."""
    platform = release.platform
    slot, deployment, version = facts["slot"], str(facts["deployment"]), str(facts["version"])
    if platform.hosting.find(deployment) is None:
        return f"{version} is gone from the disk and is not kept warm any more"
    variables = variables_of(replace(release, label=version))
    found = platform.hosting.start(deployment, variables, speaker())
    if platform.edge.route().at(slot) is None:
        platform.edge.attach(slot, Target(deployment, found.address, version))
    speaker()(f"{version} is kept warm in slot {slot} again")
    return f"{version} warm again"
