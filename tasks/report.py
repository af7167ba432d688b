"""The release report: what happened, in words, numbers and a chart, in the object store and in the Prefect UI."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from prefect.artifacts import create_markdown_artifact

from infra.files import write_atomically
from tasks.figures import points_of
from tasks.notes import read_notes
from tasks.probes import NONE
from tasks.records import Record
from tasks.release import Release, speaker
from tasks.report_text import text_of
from tasks.stage import stage
from tasks.timeline import Chapter, first_failure, moments_of, read_chapters


@stage("report", tries=3)
def write_report(record: Record, outcome: str, reason: str) -> str:
    """A link to the chart is in the text; the text's own key is returned."""
    text, key = compose_report(record, outcome, reason)
    release = record.release
    create_markdown_artifact(text, key="release-report", description=f"{release.app} {release.label}: {outcome}")
    speaker()(f"the report is the artifact `release-report` and the object {key}")
    return key


def compose_report(record: Record, outcome: str, reason: str) -> tuple[str, str]:
    """The text and its key, written to the object store with `report.json` and `chart.png`, and beside the state."""
    release = record.release
    chapters = read_chapters(release)
    folder = f"releases/{release.app}/{release.id}/"
    objects = release.platform.objects
    numbers = numbers_of(record, outcome, reason, chapters)
    objects.put(f"{folder}report.json", json.dumps(numbers).encode(), "application/json")
    image = ""
    if moments_of(chapters):
        objects.put(f"{folder}chart.png", _chart(release, outcome, chapters), "image/png")
        image = f"![weight, evidence, failed and slow requests over time]({objects.link(f'{folder}chart.png')})"
    text = text_of(numbers, image, f"[all numbers as JSON]({objects.link(f'{folder}report.json')})")
    objects.put(f"{folder}report.md", text.encode(), "text/markdown")
    write_atomically(release.settings.state / "reports" / f"{release.id}.md", text, mode=0o644)
    return text, f"{folder}report.md"


def numbers_of(record: Record, outcome: str, reason: str, chapters: list[Chapter]) -> dict[str, object]:
    """Everything the report says, as plain values. Times are seconds since the epoch unless they say otherwise."""
    release = record.release
    canary = release.settings.canary
    return {
        "app": release.app,
        "version": release.label,
        "commit": release.version,
        "repository": release.repository,
        "environment": release.environment,
        "outcome": outcome,
        "reason": reason,
        "started": record.started,
        "seconds": round(time.time() - record.started, 1),
        "first_failed_request": first_failure(moments_of(chapters)),
        "policy": canary.model_dump(mode="json"),
        "steps": [_step(chapter) for chapter in chapters],
        "curves": [asdict(point) for point in points_of(chapters)],
        "changed": [{"stage": note.stage, "is_put_back": note.is_put_back} for note in read_notes(release)],
    }


def _step(chapter: Chapter) -> dict[str, object]:
    """One step without its curves; counts are sums over the step."""
    sides = ("canary", "live", "canary_probes", "live_probes")
    sums = {side: sum((getattr(one, side) for one in chapter.moments), start=NONE) for side in sides}
    return {
        "step": chapter.step,
        "weight": chapter.moments[-1].weight if chapter.moments else None,
        "live": chapter.live,
        "outcome": chapter.outcome,
        "sentence": chapter.sentence,
        "began": chapter.began,
        "seconds": round(chapter.ended - chapter.began, 1),
        "decided": chapter.decided,
        "acted_ms": round(chapter.acted_ms, 1) if chapter.acted_ms is not None else None,
        "counts": {side: asdict(counts) for side, counts in sums.items()},
        "evidence": chapter.moments[-1].evidence if chapter.moments else {},
        "needed": chapter.needed,
        "facts": [asdict(fact) for fact in chapter.facts],
    }


def _chart(release: Release, outcome: str, chapters: list[Chapter]) -> bytes:
    # A quarter of what a flow loads is for this picture: it waits for its turn, and no visitor waits for it.
    from tasks.chart import draw

    canary = release.settings.canary
    limits = 100.0 * canary.error_rate_limit, 100.0 * canary.slow_rate_limit
    live = next((chapter.live for chapter in chapters if chapter.live), "live")
    return draw(points_of(chapters), f"{release.app} {release.label}: {outcome}", limits, live)
