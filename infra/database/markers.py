"""A row that says when it was written: restored or not, it shows how far a restore came."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from infra.database.archive import Archive
from infra.database.connection import Access, connected, has_row, one
from infra.database.revisions import MAINTENANCE
from infra.errors import Rejected

_PATIENCE_SECONDS = 120.0
_KEPT = "7 days"


@dataclass(frozen=True)
class Marker:
    """A row with this id was committed before the position `lsn`."""

    id: str
    lsn: str


def write_marker(primary: Access, id: str) -> Marker:
    """Commit one, outside of every app's database. Markers of last week go."""
    with connected(replace(primary, database=MAINTENANCE)) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS pipeline_markers (id text PRIMARY KEY, written timestamptz DEFAULT now())"
        )
        connection.execute("DELETE FROM pipeline_markers WHERE written < now() - %s::interval", [_KEPT])
        connection.execute("INSERT INTO pipeline_markers (id) VALUES (%s)", [id])
        return Marker(id, str(one(connection, "SELECT pg_current_wal_flush_lsn()::text")[0]))


def check_marker(restored: Access, id: str) -> None:
    """Raises Rejected when the row is not there."""
    with connected(replace(restored, database=MAINTENANCE)) as connection:
        if not has_row(connection, "SELECT 1 FROM pipeline_markers WHERE id = %s", id):
            raise Rejected(f"marker {id} was committed before the restore's target and is not in the restored data")


def close_segment(primary: Access, archive: Archive, name: str) -> float:
    """End the segment being written and wait until all before it is archived; how many seconds that took.

    Raises Rejected when it is not archived within two minutes.
    """
    started = time.monotonic()
    with connected(replace(primary, database=MAINTENANCE)) as connection:
        one(connection, "SELECT pg_create_restore_point(%s)", name)  # so that there is something to end
        (segment,) = one(connection, "SELECT pg_walfile_name(pg_switch_wal())")
        key = archive.segment_key(str(segment))
        while not archive.objects.list(key):
            if time.monotonic() - started > _PATIENCE_SECONDS:
                (failed,) = one(connection, "SELECT failed_count FROM pg_stat_archiver")
                raise Rejected(
                    f"segment {segment} is not archived after {_PATIENCE_SECONDS:g} s, {failed} attempts failed",
                    "see the primary's log; is the object store up?",
                )
            time.sleep(0.1)
    return time.monotonic() - started


def archive_timeout(primary: Access) -> float:
    """After how many seconds Postgres ends a segment by itself: so long a commit may wait on the primary alone."""
    with connected(primary) as connection:
        return float(str(one(connection, "SELECT setting::float8 FROM pg_settings WHERE name = 'archive_timeout'")[0]))
