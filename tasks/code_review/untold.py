"""Which releases have been announced and not been told to an end: outlives the process, and the other side's silence.

A mark is `untold/<app>/<release>` in the object store, there before anything is told and gone after all is.
"""

from __future__ import annotations

from infra.objects import Objects
from tasks.records import Record, read_record
from tasks.release import Release


def mark_untold(release: Release, why: str = "") -> None:
    """From now on somebody has to tell how it ended, or `why` it is live once more."""
    release.platform.objects.put(_key(release.app, release.id), why.encode())


def forget_untold(release: Release) -> None:
    """All is told."""
    release.platform.objects.delete(_key(release.app, release.id))


def untold(objects: Objects) -> list[tuple[str, str]]:
    """App and release of those that are marked."""
    marks = (stored.key.split("/", 2) for stored in objects.list("untold/"))
    return [(mark[1], mark[2]) for mark in marks if len(mark) == 3]


def read_untold(objects: Objects, app: str, release: str) -> tuple[Record | None, str]:
    """The record of a marked one as it is now, and why it is live once more. No record where there is no mark, and for
    a mark that had none, which goes."""
    mark = objects.get(_key(app, release))
    if mark is None:
        return None, ""  # somebody was faster
    record = read_record(objects, app, release)
    if record is None:
        objects.delete(_key(app, release))
    return record, mark.decode()


def _key(app: str, release: str) -> str:
    return f"untold/{app}/{release}"
