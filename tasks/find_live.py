"""Finds the version that is live, to ask it questions of its own while the schema under it changes."""

from __future__ import annotations

from tasks.outcomes import GateClosed
from tasks.release import Release, speaker
from tasks.schema import live
from tasks.stage import Journey, stage


@stage("find the live version", tries=3, journey=Journey(asks_anew=True))
def find_live(release: Release) -> tuple[Release, str] | None:
    """The live release and its own address; None when nothing is live yet, or it is this release itself.

    Raises GateClosed when something is live whose files are not here any more: it cannot be asked.
    """
    target = release.platform.edge.route().live_target
    if target is None or target.deployment == release.id:
        return None
    found = live.find_live(release)
    if found is None:
        raise GateClosed(
            f"{release.app}: the files of the live version {target.version} are gone, so it cannot be tested",
            "release it again, or restore its folder below the environment's state",
        )
    speaker()(f"{found.label} is live at {live.live_url(release)}")
    return found, live.live_url(release)
