"""What happened to the traffic, batch by batch, kept in the object store for the report."""

from __future__ import annotations

import json
from dataclasses import asdict

from tasks.analysis import Counts
from tasks.evidence import Row
from tasks.release import Release


def write_timeline(release: Release, step: str, rows: list[Row]) -> None:
    """The rows of one step."""
    content = json.dumps([asdict(row) for row in rows]).encode()
    release.platform.objects.put(f"{_folder(release)}{step}.json", content, "application/json")


def read_timeline(release: Release) -> list[Row]:
    """All rows of a release, by time."""
    objects = release.platform.objects
    contents = [objects.get(stored.key) or b"[]" for stored in objects.list(_folder(release))]
    rows = [_row(table) for content in contents for table in json.loads(content)]
    return sorted(rows, key=lambda row: row.time)


def first_failure(rows: list[Row]) -> float | None:
    """When the candidate first failed a request: the start of that batch."""
    return next((row.time for row in rows if row.canary.failures), None)


def _row(table: dict[str, object]) -> Row:
    canary, live = (Counts(**table[side]) for side in ("canary", "live"))  # type: ignore[arg-type] # our own JSON
    return Row(**{**table, "canary": canary, "live": live})  # type: ignore[arg-type] # our own JSON


def _folder(release: Release) -> str:
    return f"releases/{release.app}/{release.id}/timeline/"
