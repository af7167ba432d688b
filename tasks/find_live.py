"""Finds the version that is live, to ask it questions of its own while the schema under it changes."""

from __future__ import annotations

from tasks.health import check_path
from tasks.outcomes import GateClosed
from tasks.records import read_record
from tasks.release import Release, speaker
from tasks.schema import live
from tasks.stage import Journey, stage


@stage("find the live version", tries=3, journey=Journey(asks_anew=True))
def find_live(release: Release) -> tuple[Release, str] | None:
    """The live release and its own address; None when nothing is live yet, it is this release itself, or somebody
    else made it live: that one has no tests here, and is asked for its health.

    Raises GateClosed when one of ours is live whose files are not here any more, and for a stranger that is not well.
    """
    target = release.platform.edge.route().live_target
    if target is None or target.deployment == release.id:
        return None
    if read_record(release.platform.objects, release.app, target.deployment) is None:
        _ask_stranger(release, target.version)
        return None
    found = live.find_live(release)
    if found is None:
        raise GateClosed(
            f"{release.app}: the files of the live version {target.version} are gone, so it cannot be tested",
            "release it again, or restore its folder below the environment's state",
        )
    speaker()(f"{found.label} is live at {live.live_url(release)}")
    return found, live.live_url(release)


def _ask_stranger(release: Release, version: str) -> None:
    """A project has a live version before its first release: nobody here knows more of it than where its health is."""
    url, path = live.live_url(release), release.source.manifest.health.path
    check_path(url + path, release.platform.address_headers)
    speaker()(f"{version} was made live by somebody else: it has no tests here, and {path} answers 200 at {url}")
