"""A run, stage by stage: its timeline and task runs, the log of one stage, and what it leaves to look at."""

from __future__ import annotations

from deployments.pictures.studio import Studio


def play(place: Studio) -> None:
    """Of a release of its own, so that it is there whatever ran before."""
    run = place.until(place.release(place.app("look-at-me"), "v1").id, "Promoted")
    place.open(f"/runs/flow-run/{run.id}", "Promoted")
    place.page.get_by_text("Task Runs", exact=True).first.click()
    place.shoot("run-stages")
    place.page.get_by_text("Artifacts", exact=True).first.click()
    place.shoot("run-artifacts")
    stage = next(one for one in place.api.task_runs(run.id) if one.name == "gates")
    place.open(f"/runs/task-run/{stage.id}", "gates")
    place.shoot("run-gates")
