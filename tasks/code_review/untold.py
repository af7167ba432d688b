"""Which releases have been announced and not been told to an end: outlives the process, and the other side's silence.

A mark is `untold/<app>/<release>` in the object store, there before anything is told and gone after all is.
"""

from __future__ import annotations

from infra.objects import Objects
from tasks.records import Record, read_record

MOST_AT_ONCE = 20


def mark_untold(record: Record) -> None:
    """From now on somebody has to tell how it ended."""
    record.release.platform.objects.put(_key(record), b"")


def forget_untold(record: Record) -> None:
    """All is told."""
    record.release.platform.objects.delete(_key(record))


def untold(objects: Objects) -> list[Record]:
    """The newest of them, as they are on record now."""
    found = []
    for stored in objects.list("untold/"):
        _, app, release = stored.key.split("/")
        record = read_record(objects, app, release)
        if record is None:
            objects.delete(stored.key)
        else:
            found.append(record)
    return sorted(found, key=lambda record: record.started, reverse=True)[:MOST_AT_ONCE]


def _key(record: Record) -> str:
    return f"untold/{record.release.app}/{record.release.id}"
