"""Builds the version and runs it at an address of its own, with no visitors."""

from __future__ import annotations

from typing import Any

from infra.hosting import Deployment
from tasks.health import is_healthy
from tasks.notes import write_note
from tasks.outcomes import WayBackFailed
from tasks.release import Release, speaker
from tasks.stage import Journey, stage
from tasks.variables import variables_of

NAME = "start-candidate"


def is_built(release: Release, _none: None) -> bool:
    """Whether the hosting has it."""
    return release.platform.hosting.find(release.deployment) is not None


@stage("build candidate", journey=Journey(still=is_built))
def build_candidate(release: Release) -> None:
    """A deployment that does not run yet."""
    write_note(release, NAME, {"deployment": release.deployment})
    release.platform.hosting.build(release.source, release.deployment, variables_of(release), speaker())


def is_candidate_up(release: Release, candidate: Deployment) -> bool:
    """Whether this very deployment runs, at the same address, and says that it is healthy."""
    found = release.platform.hosting.find(candidate.id)
    return found == candidate and is_healthy(
        found.url + release.source.manifest.health.path, release.platform.address_headers
    )


@stage("start candidate", tries=3, journey=Journey(still=is_candidate_up))
def start_candidate(release: Release) -> Deployment:
    """The running, healthy candidate. Raises Rejected with its last words when it will not run."""
    write_note(release, NAME, {"deployment": release.deployment})
    return release.platform.hosting.start(release.deployment, variables_of(release), speaker())


@stage("way back: candidate", tries=3)
def stop_candidate(release: Release, facts: dict[str, Any]) -> str:
    """End the candidate after draining. Its folder and log stay for people to read."""
    deployment = str(facts["deployment"])
    live = release.platform.edge.route().live_target
    if live and live.deployment == deployment:
        raise WayBackFailed(f"{deployment} is live and is not ended", "make another version live first")
    hosting = release.platform.hosting
    hosting.stop(deployment, release.settings.traffic.drain_seconds)
    speaker()(f"{deployment} does not run any more")
    return f"candidate {deployment} stopped"
