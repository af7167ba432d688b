"""A custom run: the form of the release, filled in, and the run that it starts."""

from __future__ import annotations

from deployments.pictures.studio import Studio


def play(place: Studio) -> None:
    """The run that the form started ends Promoted."""
    app = place.app("by-form")
    place.open(f"/deployments/deployment/{place.deployment('release')}/run", "Validate parameters")
    place.field("repository").fill(str(app))
    place.field("ref").fill("v1")
    place.shoot("run-form")
    place.until(place.submit("release"), "Promoted")
