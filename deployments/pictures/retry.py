"""A failed stage is retried: a release whose smoke tests fail, the dialog of the Retry button, the second attempt."""

from __future__ import annotations

from deployments.pictures.studio import PATIENCE_MS, Studio
from infra.errors import Rejected

AGAIN = ("checkout v1", "unit tests", "integration tests", "coverage", "scan for sast", "scan for secrets")


def play(place: Studio) -> None:
    """Raises Rejected when a stage that was done is done again."""
    opened = place.folder / "open"
    app = place.app("retry-me", f"test -e {opened} || (echo 'the map service does not answer'; exit 1)")
    run = place.until(place.release(app, "v1").id, "RolledBack")
    place.open(f"/runs/flow-run/{run.id}", "RolledBack")
    button = place.page.get_by_role("button", name="Retry").first
    button.wait_for(timeout=PATIENCE_MS)
    place.shoot("retry-failed")
    opened.touch()
    button.click()
    dialog = place.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Retry").wait_for()
    place.shoot("retry-dialog")
    dialog.get_by_role("button", name="Retry").click()
    place.until(run.id, "Promoted")
    place.page.reload(wait_until="domcontentloaded")
    button.wait_for(timeout=PATIENCE_MS)
    place.page.get_by_text("Task Runs", exact=True).first.click()
    place.shoot("retry-done")
    _prove(place, run.id)


def _prove(place: Studio, run: str) -> None:
    stages = place.api.task_runs(run)
    for stage in stages:
        print(f"{stage.started[11:23]}  {stage.seconds:7.2f} s  {stage.outcome:<10} {stage.name}")
    for name in AGAIN:
        outcomes = sorted(stage.outcome for stage in stages if stage.name == name)
        if outcomes != ["Cached", "Completed"]:
            raise Rejected(f"{name} ended {outcomes}, expected once Completed and then Cached")
