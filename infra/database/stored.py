"""Looks at what lies in the archive without restoring it: everything listed is there, and the log has no hole."""

from __future__ import annotations

import time
from collections.abc import Sequence

from infra.database.archive import Archive, newest_timeline
from infra.database.catalog import Backup, list_backups
from infra.database.log_segments import check_complete, is_segment, numbered, segments_between
from infra.errors import Rejected


def newest_backup(archive: Archive, limit_hours: float) -> Backup:
    """The newest one. Raises Rejected when there is none, it is older than `limit_hours` or a record is damaged."""
    backups = list_backups(archive)
    if not backups:
        raise Rejected(f"cluster {archive.cluster} has no backup", "make one: `pipeline backup`")
    newest = backups[0]
    hours = (time.time() - newest.ended) / 3600
    if hours > limit_hours:
        raise Rejected(
            f"the newest backup, {newest.id}, is stale: {hours:.1f} h old, over {limit_hours:g} h",
            "make one now: `pipeline backup`; does its schedule run?",
        )
    return newest


def check_objects(archive: Archive, backups: Sequence[Backup]) -> int:
    """How many objects were found as long as they were stored. Raises Rejected naming one that is not."""
    there = {found.key: found.bytes for found in archive.objects.list(archive.place("base", ""))}
    for backup in backups:
        for piece in backup.pieces:
            if piece.key not in there:
                raise Rejected(f"backup {backup.id} lacks {piece.key}", "make a new backup now")
            found = there[piece.key]
            if found != piece.bytes:
                raise Rejected(
                    f"{piece.key} of backup {backup.id} holds {found} bytes, it was stored with {piece.bytes}",
                    "it was cut short or replaced; make a new backup now",
                )
    return sum(len(backup.pieces) for backup in backups)


def check_log(archive: Archive, backups: Sequence[Backup], last_archived: str) -> int:
    """How many segments lie between the oldest backup and now without a hole. Raises Rejected naming a missing one.

    `last_archived` is what the primary says it archived last, so that a lost end is seen too. Backups on timelines
    that were left are judged when they are used.
    """
    log = archive.log()
    way = archive.way_to(newest_timeline(log))
    timelines = {branch.timeline for branch in way}
    first = min(numbered(backup.begin_segment)[1] for backup in backups)
    known = [name for name in (*log, last_archived) if is_segment(name) and int(name[:8], 16) in timelines]
    needed = segments_between(first, max(numbered(name)[1] for name in known), way)
    check_complete(needed, log)
    return len(needed)
