"""Empties the cache in front of the app once another version is live, so that nobody is shown the one before.

There is no way back to take: a purge harms nothing but speed, and whoever goes back purges again.
"""

from __future__ import annotations

import time

from infra.errors import PipelineError
from infra.incidents import Incident
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@stage("purge the cache", tries=3, journey=Journey(asks_anew=True, skipped="skipped"))
def purge_cache(release: Release) -> str:
    """What was purged, in words; where there is no cache it says so. Harmless to repeat.

    A cache that cannot be purged takes nobody back: the version is live and good, and its pages arrive as the old
    ones expire. It opens an incident, for a person to purge by hand.
    """
    cdn, settings = release.platform.cdn, release.settings.cloudflare
    if cdn is None or settings is None:
        fact = f"{release.environment} has no cache in front"
    else:
        try:
            fact = cdn.purge(settings.purge_tags, settings.purge_urls)
        except PipelineError as error:
            fact = f"THE CACHE WAS NOT PURGED: {error}"
            title = f"purge the cache of {release.app} in {release.environment} by hand"
            release.platform.incidents.open(Incident(f"purge-{release.id}", "P3", title, str(error), time.time()))
    speaker()(fact)
    return fact
