"""Which releases have been announced and not been told to an end: outlives the process, and the other side's silence.

A mark is `untold/<app>/<release>` in the object store, there before anything is told and gone after all is.
"""

from __future__ import annotations

from infra.objects import Objects
from tasks.records import Record, read_record

MOST_AT_ONCE = 50


def mark_untold(record: Record) -> None:
    """From now on somebody has to tell how it ended."""
    record.release.platform.objects.put(_key(record), b"")


def forget_untold(record: Record) -> None:
    """All is told."""
    record.release.platform.objects.delete(_key(record))


def untold(objects: Objects) -> list[tuple[str, str]]:
    """App and release of those that are marked, fifty at most: what is left comes the next time."""
    marks = (stored.key.split("/", 2) for stored in objects.list("untold/"))
    return [(mark[1], mark[2]) for mark in marks if len(mark) == 3][:MOST_AT_ONCE]


def read_untold(objects: Objects, app: str, release: str) -> Record | None:
    """The record of a marked one as it is now; None for a mark without one, which goes."""
    record = read_record(objects, app, release)
    if record is None:
        objects.delete(f"untold/{app}/{release}")
    return record


def _key(record: Record) -> str:
    return f"untold/{record.release.app}/{record.release.id}"
