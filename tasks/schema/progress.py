"""Shows a backfill's progress as an artifact in the Prefect UI, from the lines that it says."""

from __future__ import annotations

import re
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext

from infra.schema import Say

_BAR = re.compile(r"^backfill (?P<table>\S+) \[[#-]*\] (?P<percent>\d+) %")
_DONE = re.compile(r"^backfill (?P<table>\S+) of \S+ is done")


def with_progress(say: Say) -> Say:
    """Say each line, and keep one artifact for each table that is filled, when there is a run to show it in."""
    shown: dict[str, UUID] = {}

    def hear(line: str) -> None:
        say(line)
        found = _BAR.match(line) or _DONE.match(line)
        if found and TaskRunContext.get() is not None:
            percent = float(found.groupdict().get("percent") or 100)
            _show(shown, found["table"], percent)

    return hear


def _show(shown: dict[str, UUID], table: str, percent: float) -> None:
    if table in shown:
        update_progress_artifact(shown[table], progress=percent)
        return
    key = re.sub(r"[^a-z0-9-]+", "-", f"backfill-{table.lower()}")
    made = create_progress_artifact(progress=percent, key=key, description=f"backfill of {table}")
    if isinstance(made, UUID):
        shown[table] = made
