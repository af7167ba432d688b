"""How a release is put into words for a commit's page: short, without secrets, and without waking anybody by name."""

from __future__ import annotations

import re
from dataclasses import replace

from infra.code_review import Comment, Standing, State
from infra.environment import Environment
from infra.redaction import redact
from tasks.records import Record
from tasks.records import Standing as Recorded
from tasks.release import Release

STATES: dict[Recorded, State] = {
    "running": "in_progress",
    "promoted": "success",
    "rolled back": "failure",
    "gate closed": "failure",
    "failed": "error",
    "way back failed": "error",
}
HEADLINES: dict[Recorded, str] = {
    "running": "is being released",
    "promoted": "is live for everyone",
    "rolled back": "was rolled back",
    "gate closed": "was stopped at a gate: nothing was touched",
    "failed": "failed before anything was touched",
    "way back failed": "THE WAY BACK FAILED: a person is needed",
}
LONGEST_TEXT = 20_000
MOST_LINES = 200
# Redaction costs time: a line is cut before it, between two words, and shorter behind it, so that no secret is cut in
# two.
LONGEST_LINE, LINE_LOOKED_THROUGH = 400, 4_000


def standing_of(record: Record) -> Standing:
    """How it stands, for its commit and its environment."""
    order, settings = record.release, record.release.settings
    return Standing(
        release=order.id,
        app=order.app,
        environment=order.environment,
        version=order.version,
        label=order.label,
        state=STATES[record.standing],
        reason=clean(record.reason) or f"attempt {record.attempt}",
        page=page_of(settings, record.flow_run),
        url=order.platform.url,
        is_production=settings.kind == "production",
    )


def end_of(record: Record) -> Standing:
    """As `standing_of`, but of two that were promoted only the one that is live says so. Asks the edge."""
    standing = standing_of(record)
    if record.standing != "promoted" or is_live(record):
        return standing
    return replace(standing, state="inactive", reason="another version is live by now")


def is_live(record: Record) -> bool:
    """Whether everybody gets it now. Asks the edge."""
    live = record.release.platform.edge.route().live_target
    return live is not None and live.deployment == record.release.deployment


def comment_of(record: Record) -> Comment:
    """The comment of an app and an environment, whichever release it speaks of."""
    order = record.release
    page = page_of(order.settings, record.flow_run)
    lines = [
        f"**{order.app}** {code(order.label)} in **{order.environment}**: {HEADLINES[record.standing]}",
        "",
        f"Commit {code(order.version[:12])}, release {code(order.id)}, attempt {record.attempt}. [Its run]({page}).",
        *([fenced(record.reason)] if record.reason else []),
    ]
    return Comment(order.version, f"<!-- pipeline {order.app} {order.environment} -->", "\n".join(lines))


def page_of(settings: Environment, flow_run: str) -> str:
    """The page of a flow run in Prefect's UI."""
    pages = settings.github.pages if settings.github else ""
    return f"{(pages or settings.prefect_url.removesuffix('/api')).rstrip('/')}/runs/flow-run/{flow_run}"


def check_id(release: Release, key: str) -> str:
    """Of a stage, the same in every attempt."""
    return f"{release.id}/{re.sub(r'[^a-z0-9]+', '-', key.lower()).strip('-')[:80]}"


def clean(text: str) -> str:
    """Without secrets, and of a length that costs no time, whatever it was."""
    lines = (redact(_beginning(line))[:LONGEST_LINE] for line in text.splitlines()[:MOST_LINES])
    return "\n".join(lines)[:LONGEST_TEXT]


def _beginning(line: str) -> str:
    """Without the word that the cut goes through: nothing knows a part of a secret again."""
    if len(line) <= LINE_LOOKED_THROUGH:
        return line
    words = line[:LINE_LOOKED_THROUGH].rsplit(maxsplit=1)
    return f"{words[0]} ..." if len(words) > 1 else "..."


def code(text: str) -> str:
    """As it is, in a line: what is in backticks names nobody and links nowhere."""
    return f"`{clean(text).replace('`', '')}`"


def fenced(text: str) -> str:
    """As it is, in a block that its own backticks cannot end."""
    text = clean(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"\n{fence}text\n{text}\n{fence}"
