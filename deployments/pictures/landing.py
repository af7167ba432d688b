"""The page of an environment: what is live, the schema, the last backup proof, the lock, the last releases."""

from __future__ import annotations

from deployments.pictures.studio import Studio


def play(place: Studio) -> None:
    """The artifact that is kept current."""
    place.open(f"/artifacts/key/environment-{place.environment}", "live")
    place.shoot("environment-page")
