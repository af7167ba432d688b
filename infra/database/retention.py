"""Lets go of what is older than the recovery window: every moment inside the window can still be returned to."""

from __future__ import annotations

import time
from dataclasses import dataclass

from infra.database.archive import Archive
from infra.database.catalog import RECORD, Backup, list_backups
from infra.database.log_segments import is_segment, numbered
from infra.database.proof import REFUTATIONS

DUE = "due-"  # how the copies are called that are made because it was time for one
_THIN_AFTER_SECONDS = 2 * 86_400.0
_UNFINISHED_SECONDS = 24 * 3600.0  # no backup takes longer


@dataclass(frozen=True)
class Expired:
    """What goes: backups by id, the keys of all objects, and their bytes. `kept` counts the backups that stay."""

    backups: tuple[str, ...]
    keys: tuple[str, ...]
    bytes: int
    kept: int


def plan_expiry(archive: Archive, days: float) -> Expired:
    """What is needed for no moment of the last `days`. Without a backup that reaches back so far, none goes.

    Raises Rejected for a damaged record: what it says decides what may go.
    """
    backups = list_backups(archive)
    cutoff = time.time() - days * 86_400
    kept = _needed(_thinned(backups, time.time() - _THIN_AFTER_SECONDS), cutoff)
    doomed = _base_objects(archive, kept) | _log_objects(archive, kept) | _small_objects(archive, cutoff)
    gone = tuple(backup.id for backup in backups if backup not in kept)
    return Expired(gone, tuple(sorted(doomed)), sum(doomed.values()), len(kept))


def expire(archive: Archive, what: Expired) -> None:
    """Delete it; records first, so that nothing half deleted is listed. May be repeated."""
    for key in sorted(what.keys, key=lambda key: not key.endswith(f"/{RECORD}")):
        archive.objects.delete(key)


def _needed(backups: list[Backup], cutoff: float) -> list[Backup]:
    """Those within the window, and the newest before it: from there the window's first moment is reached."""
    inside = [backup for backup in backups if backup.ended >= cutoff]
    before = [backup for backup in backups if backup.ended < cutoff]
    return [*inside, *before[:1]]


def _thinned(backups: list[Backup], limit: float) -> list[Backup]:
    """Without what a day has several of: of the copies that were made because it was time, those that ended before
    `limit` stay one for each day (UTC), the last. With a log every moment is still reached, from the one before it."""
    days, stay = set[int](), list[Backup]()
    for backup in backups:  # newest first
        day = int(backup.ended // 86_400)
        if not backup.name.startswith(DUE) or backup.ended >= limit or day not in days:
            stay.append(backup)
        if backup.name.startswith(DUE):
            days.add(day)
    return stay


def _base_objects(archive: Archive, kept: list[Backup]) -> dict[str, int]:
    """Of backups that go, and of such that were never finished."""
    folders = {archive.place("base", backup.id) for backup in kept}
    found = archive.objects.list(archive.place("base", ""))
    listed = {stored.key.rsplit("/", 1)[0] for stored in found if stored.key.endswith(f"/{RECORD}")}
    limit = time.time() - _UNFINISHED_SECONDS
    return {
        stored.key: stored.bytes
        for stored in found
        if (folder := stored.key.rsplit("/", 1)[0]) not in folders and (folder in listed or stored.modified < limit)
    }


def _log_objects(archive: Archive, kept: list[Backup]) -> dict[str, int]:
    """Segments before the oldest backup that stays. Histories are small, and every way needs them."""
    if not kept:
        return {}
    first = min(numbered(backup.begin_segment)[1] for backup in kept)
    log = archive.log().items()
    return {stored.key: stored.bytes for name, stored in log if is_segment(name) and numbered(name)[1] < first}


def _small_objects(archive: Archive, cutoff: float) -> dict[str, int]:
    """Restore points and evidence from before the window, but never the newest proof or refutation."""
    proofs = archive.objects.list(archive.place("proofs", ""))[:-1]
    refutations = archive.objects.list(archive.place(REFUTATIONS, ""))[:-1]
    points, checks = (archive.objects.list(archive.place(name, "")) for name in ("points", "checks"))
    found = [*proofs, *refutations, *points, *checks]
    return {stored.key: stored.bytes for stored in found if stored.modified < cutoff}
