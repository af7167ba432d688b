"""The restore points that were made, each as a signed record, so that they are known when the cluster is lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from infra.database import RestorePoint
from infra.database.archive import Archive
from infra.database.signing import signed, verified
from infra.errors import Rejected


@dataclass(frozen=True)
class KnownPoint:
    """A restore point and the timeline that it lies on. `time` is seconds since the epoch."""

    name: str
    lsn: str
    time: float
    timeline: int


def write_point(archive: Archive, point: RestorePoint, timeline: int) -> None:
    """List a restore point."""
    key = _key(archive, point.name)
    known = KnownPoint(point.name, point.lsn, point.time, timeline)
    archive.objects.put(key, signed(archive.key, key, asdict(known)), "application/json")


def read_point(archive: Archive, name: str) -> KnownPoint:
    """One restore point. Raises Rejected when there is none of that name, or its record was changed."""
    key = _key(archive, name)
    stored = archive.objects.get(key)
    if stored is None:
        raise Rejected(f"there is no restore point {name!r}", "see `pipeline backups`, which lists them")
    return KnownPoint(**verified(archive.key, key, stored))


def list_points(archive: Archive) -> list[KnownPoint]:
    """All restore points, newest first."""
    keys = [stored.key for stored in archive.objects.list(archive.place("points", ""))]
    found = [read_point(archive, key.rsplit("/", 1)[1].removesuffix(".json")) for key in keys]
    return sorted(found, key=lambda point: point.time, reverse=True)


def forget_point(archive: Archive, name: str) -> None:
    """Take it off the list; harmless when it is not there."""
    archive.objects.delete(_key(archive, name))


def _key(archive: Archive, name: str) -> str:
    return archive.place("points", f"{name}.json")
