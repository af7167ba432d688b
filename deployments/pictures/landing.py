"""The page of an environment, each time that it was written."""

from __future__ import annotations

from deployments.pictures.studio import Studio


def play(place: Studio) -> None:
    """The artifact that is kept current."""
    key = f"environment-{place.environment}"
    place.open(f"/artifacts/key/{key}", key)
    place.shoot("environment-page")
