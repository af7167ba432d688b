"""The page of an environment, as it was written last."""

from __future__ import annotations

from deployments.pictures.studio import PATIENCE_MS, Studio


def play(place: Studio) -> None:
    """The artifact that is kept current."""
    key = f"environment-{place.environment}"
    place.open(f"/artifacts/key/{key}", key)
    place.page.locator("a[href*='/artifacts/artifact/']").first.click()
    place.page.get_by_text("Error budget").first.wait_for(timeout=PATIENCE_MS)
    place.shoot("environment-page")
