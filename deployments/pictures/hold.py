"""A hold: placed on a release in flight by the form of its deployment, seen in the release's log, and released."""

from __future__ import annotations

import time

from deployments.pictures.studio import Studio
from infra.errors import Rejected


def play(place: Studio) -> None:
    """The release goes on when the hold is released, and ends Promoted."""
    app = place.app("hold-me")
    place.until(place.release(app, "v1").id, "Promoted")
    place.app("hold-me")
    run = place.release(app, "v2")
    step = _until_stage(place, run.id, "canary")
    _by_form(place, "place", "the support desk asked for an hour", "hold-form")
    place.open(f"/runs/task-run/{step}", "held by Ann")
    place.shoot("hold-in-log")
    _by_form(place, "release", "the support desk is done", "")
    place.until(run.id, "Promoted")


def _by_form(place: Studio, action: str, reason: str, picture: str) -> None:
    place.open(f"/deployments/deployment/{place.deployment('hold')}/run", "Validate parameters")
    place.field("app").fill("hold-me")
    place.choose("action", action)
    place.field("reason").fill(reason)
    place.field("who").fill("Ann")
    if picture:
        place.shoot(picture)
    place.until(place.submit("hold"), {"place": "Held", "release": "Released"}[action])


def _until_stage(place: Studio, run: str, begins: str) -> str:
    """The id of the stage, once it is under way."""
    deadline = time.monotonic() + 240
    while not (found := [stage.id for stage in place.api.task_runs(run) if stage.name.startswith(begins)]):
        if time.monotonic() > deadline or place.api.flow_run(run).is_over:
            raise Rejected(f"the release has not come to {begins!r}")
        time.sleep(0.5)
    return found[0]
