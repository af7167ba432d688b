"""Where a deployment itself is asked, past the edge."""

from __future__ import annotations

from infra.edge import Target
from tasks.release import Release


def own_url(release: Release, target: Target) -> str:
    """Its address by the hosting, which knows how it is reached; by the edge when the hosting has lost it."""
    found = release.platform.hosting.find(target.deployment)
    return found.url if found else f"http://{target.address}"
