"""The catalog of base backups: one signed record for each, written last, so that only whole ones are listed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from infra.database.archive import Archive
from infra.database.log_segments import position, segment_name, segment_number
from infra.database.signing import signed, verified
from infra.errors import Rejected

RECORD = "backup.json"


@dataclass(frozen=True)
class Piece:
    """One sealed object of a backup: its stored size in bytes."""

    key: str
    bytes: int


@dataclass(frozen=True)
class Backup:
    """One whole backup. Times: seconds since the epoch. `revisions` is each app database's schema at its begin."""

    id: str
    name: str
    cluster: str
    server_version: str
    timeline: int
    begin_lsn: str
    end_lsn: str
    begun: float
    ended: float
    raw_bytes: int
    pieces: tuple[Piece, ...]
    revisions: dict[str, list[str]]

    @property
    def bytes(self) -> int:
        """What it takes in the store."""
        return sum(piece.bytes for piece in self.pieces)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.begun

    @property
    def begin_segment(self) -> str:
        """The first segment of the log that a restore needs."""
        return segment_name(self.timeline, segment_number(position(self.begin_lsn)))

    @property
    def end_segment(self) -> str:
        """The last segment without which the copy is not consistent."""
        return segment_name(self.timeline, segment_number(position(self.end_lsn) - 1))


def backup_folder(archive: Archive, backup: str) -> str:
    """The key prefix below which one backup lies."""
    return archive.place("base", backup, "")


def write_entry(archive: Archive, backup: Backup) -> None:
    """List a backup, now that all of it is there."""
    key = backup_folder(archive, backup.id) + RECORD
    archive.objects.put(key, signed(archive.key, key, asdict(backup)), "application/json")


def survey(archive: Archive) -> tuple[list[Backup], list[Rejected]]:
    """The backups whose records can be trusted, newest first, and what is wrong with each of the others."""
    keys = [found.key for found in archive.objects.list(archive.place("base", "")) if found.key.endswith(f"/{RECORD}")]
    backups, problems = list[Backup](), list[Rejected]()
    for key in keys:
        try:
            backups.append(read_entry(archive, key))
        except Rejected as problem:
            problems.append(problem)
    return sorted(backups, key=lambda backup: backup.ended, reverse=True), problems


def list_backups(archive: Archive) -> list[Backup]:
    """All of them, newest first. Raises Rejected for a record that was changed or is of another cluster."""
    backups, problems = survey(archive)
    if problems:
        raise problems[0]
    return backups


def newest_backup(archive: Archive) -> Backup | None:
    """The one that was listed last, by one record: a store may hold a thousand. Raises Rejected when it was changed."""
    found = [one for one in archive.objects.list(archive.place("base", "")) if one.key.endswith(f"/{RECORD}")]
    return read_entry(archive, max(found, key=lambda one: one.modified).key) if found else None


def find_backup(archive: Archive, id_or_name: str) -> Backup:
    """One backup by its id, or the newest of a name. Raises Rejected when there is none."""
    backups, _ = survey(archive)
    for backup in backups:
        if id_or_name in (backup.id, backup.name):
            return backup
    known = ", ".join(backup.id for backup in backups[:5]) or "none at all"
    raise Rejected(f"there is no backup {id_or_name!r}; the newest are: {known}", "see `pipeline backups`")


def read_entry(archive: Archive, key: str) -> Backup:
    """The backup that the record under `key` describes."""
    stored = archive.objects.get(key)
    if stored is None:
        raise Rejected(f"there is no backup record {key}", "see `pipeline backups`")
    backup = _backup(verified(archive.key, key, stored))
    if backup.cluster != archive.cluster:
        raise Rejected(
            f"backup {backup.id} is of cluster {backup.cluster}, and this is cluster {archive.cluster}",
            "its data is another system's: never restore it here",
        )
    return backup


def _backup(table: dict[str, Any]) -> Backup:
    return Backup(**{**table, "pieces": tuple(Piece(**piece) for piece in table["pieces"])})
