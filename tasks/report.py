"""The release report: what happened, in words and as a chart, in the object store and in the Prefect UI."""

from __future__ import annotations

import time

from prefect.artifacts import create_markdown_artifact

from infra.files import write_atomically
from tasks.chart import draw
from tasks.evidence import Row
from tasks.notes import read_notes
from tasks.records import Record
from tasks.release import Release, speaker
from tasks.stage import stage
from tasks.timeline import first_failure, read_timeline


@stage("report", tries=3)
def write_report(record: Record, outcome: str, reason: str) -> str:
    """A link to the chart is in the text; the text's own key is returned."""
    release = record.release
    rows = read_timeline(release)
    folder = f"releases/{release.app}/{release.id}/"
    objects = release.platform.objects
    image = ""
    if rows:
        objects.put(f"{folder}chart.png", draw(rows, f"{release.app} {release.label}: {outcome}"), "image/png")
        image = f"\n![weight, error rate and latency over time]({objects.link(f'{folder}chart.png')})\n"
    text = _text(record, outcome, reason, rows) + image
    objects.put(f"{folder}report.md", text.encode(), "text/markdown")
    write_atomically(release.settings.state / "reports" / f"{release.id}.md", text, mode=0o644)
    create_markdown_artifact(text, key="release-report", description=f"{release.app} {release.label}: {outcome}")
    speaker()(f"the report is the artifact `release-report` and the object {folder}report.md")
    return f"{folder}report.md"


def _text(record: Record, outcome: str, reason: str, rows: list[Row]) -> str:
    release = record.release
    facts = [
        ("version", f"{release.label} ({release.version[:12]})"),
        ("repository", release.repository),
        ("environment", release.environment),
        ("outcome", outcome),
        ("reason", reason),
        ("took", f"{time.time() - record.started:.0f} s"),
        ("requests to the candidate", _answered(rows, "canary")),
        ("requests to the live version meanwhile", _answered(rows, "live")),
    ]
    failed = first_failure(rows)
    if failed is not None:
        facts.append(("first failed request", time.strftime("%H:%M:%S", time.gmtime(failed)) + " UTC"))
    table = "\n".join(f"| {name} | {value} |" for name, value in facts)
    return f"# {release.app} {release.label}: {outcome}\n\n| | |\n|---|---|\n{table}\n\n{_steps(rows)}{_notes(release)}"


def _answered(rows: list[Row], side: str) -> str:
    counts = [getattr(row, side) for row in rows]
    return f"{sum(c.requests for c in counts)}, of which {sum(c.failures for c in counts)} failed"


def _steps(rows: list[Row]) -> str:
    if not rows:
        return ""
    lines = [
        "| weight | seconds | candidate requests | failed | slow | live requests | failed |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for weight in sorted({row.weight for row in rows}):
        mine = [row for row in rows if row.weight == weight]
        canary, live = [row.canary for row in mine], [row.live for row in mine]
        numbers = (
            f"{weight} %",
            f"{mine[-1].time - mine[0].time + 1:.0f}",
            sum(c.requests for c in canary),
            sum(c.failures for c in canary),
            sum(c.slow for c in canary),
            sum(c.requests for c in live),
            sum(c.failures for c in live),
        )
        lines.append("| " + " | ".join(str(number) for number in numbers) + " |")
    return "## The ramp\n\n" + "\n".join(lines) + "\n\n"


def _notes(release: Release) -> str:
    notes = read_notes(release)
    if not notes:
        return ""
    lines = [f"- {note.stage}: {'put back' if note.is_put_back else 'done'}" for note in notes]
    return "## What was changed\n\n" + "\n".join(lines) + "\n"
