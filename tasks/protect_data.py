"""A restore point and a snapshot before the schema changes: the moment that a restore would return to."""

from __future__ import annotations

from dataclasses import dataclass

from infra.database import RestorePoint, Snapshot
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@dataclass(frozen=True)
class Protection:
    """What there is to return to."""

    restore_point: RestorePoint
    snapshot: Snapshot


def is_protected(release: Release, found: Protection) -> bool:
    """Whether its snapshot is still in the catalog."""
    return any(one.id == found.snapshot.id for one in release.platform.database.snapshots())


@stage("restore point and snapshot", tries=3, journey=Journey(still=is_protected))
def protect_data(release: Release) -> Protection:
    """Both made now and read back. There is no way back to take: they harm nobody and are kept."""
    say = speaker()
    database = release.platform.database
    database.ensure(release.app)
    snapshot = database.snapshot(f"before-{release.id}", say)
    point = database.mark(f"before-{release.id}")
    say(f"snapshot {snapshot.id}: {snapshot.bytes / 1e6:.1f} MB in {snapshot.seconds:.1f} s")
    say(f"restore point {point.name} at {point.lsn}")
    return Protection(point, snapshot)
