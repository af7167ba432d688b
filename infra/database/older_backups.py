"""Looks into the backups that are not the newest: a few objects a night, those looked at longest ago first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from infra.database.archive import Archive
from infra.database.catalog import Backup
from infra.database.signing import signed, verified
from infra.errors import Rejected

# At most a gigabyte of data: seconds, beside a restore of the newest one.
OBJECTS_A_NIGHT = 64
_PREFIX = "checks"


@dataclass(frozen=True)
class Look:
    """How far a backup was looked through: `next` is its next object, `whole` when the last one was reached (epoch)."""

    next: int = 0
    whole: float = 0.0


@dataclass(frozen=True)
class Found:
    """How many objects were opened, and a line for each backup that is damaged."""

    opened: int
    damaged: tuple[str, ...]


def open_some(archive: Archive, older: Sequence[Backup], at_most: int = OBJECTS_A_NIGHT) -> Found:
    """Fetch and open objects: each carries the tag that it was sealed with, or it is damaged.

    A backup with a damaged object is left there, named in `damaged`, and begun anew the next time.
    """
    opened, damaged = 0, list[str]()
    looks = {backup.id: _read(archive, backup.id) for backup in older}
    for backup in sorted(older, key=lambda one: (looks[one.id].whole, one.ended)):
        look, room = looks[backup.id], at_most - opened
        if room <= 0:
            break
        pieces = backup.pieces[look.next : look.next + room]
        try:
            for piece in pieces:
                _open(archive, piece.key)
                opened += 1
        except Rejected as problem:
            damaged.append(f"backup {backup.id}: {problem.message}")
            _write(archive, backup.id, Look(0, time.time()))
            continue
        reached = look.next + len(pieces)
        is_whole = reached >= len(backup.pieces)
        _write(archive, backup.id, Look(0, time.time()) if is_whole else Look(reached, look.whole))
    return Found(opened, tuple(damaged))


def _open(archive: Archive, key: str) -> None:
    sealed = archive.objects.get(key)
    if sealed is None:
        raise Rejected(f"backup object {key} is missing", "use another backup")
    archive.key.open(key, sealed)


def _read(archive: Archive, backup: str) -> Look:
    key = archive.place(_PREFIX, f"{backup}.json")
    stored = archive.objects.get(key)
    return Look(**verified(archive.key, key, stored)) if stored else Look()


def _write(archive: Archive, backup: str, look: Look) -> None:
    key = archive.place(_PREFIX, f"{backup}.json")
    archive.objects.put(key, signed(archive.key, key, asdict(look)), "application/json")
