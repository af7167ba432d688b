"""The database of one environment: where an app's data is, how well it is protected, and moments to return to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Say = Callable[[str], None]


@dataclass(frozen=True)
class DatabaseHealth:
    """What the cluster says of itself now. Lag is what the standby has yet to replay.

    `has_standby` is no where whoever keeps the database looks after a second copy out of our sight.
    """

    is_writable: bool
    server_version: str
    system_identifier: str
    standby_connected: bool
    standby_lag_bytes: int
    archive_failing: bool
    last_archived_wal: str
    unarchived_seconds: float
    has_standby: bool = True


@dataclass(frozen=True)
class RestorePoint:
    """A named moment in the write-ahead log. `time` is seconds since the epoch, by the server's clock."""

    name: str
    lsn: str
    time: float


@dataclass(frozen=True)
class Snapshot:
    """A full copy in the object store."""

    id: str
    bytes: int
    seconds: float
    begin_lsn: str
    end_lsn: str
    time: float


class Database(Protocol):
    """One cluster; each app has a database and a role of its own in it."""

    def ensure(self, app: str) -> str:
        """Make the app's role and database where missing; the URL `postgresql://role:password@host:port/name`."""

    def url(self, app: str) -> str:
        """The URL of an app's database. Raises Rejected when there is none yet."""

    def scratch(self, app: str) -> str:
        """A new, empty database for tests beside the app's own; its URL."""

    def drop_scratch(self, url: str) -> None:
        """Remove a scratch database. Refuses any other; harmless when it is gone."""

    def health(self) -> DatabaseHealth:
        """Raises Unreachable when the primary does not answer."""

    def mark(self, name: str) -> RestorePoint:
        """Name this moment in the log."""

    def snapshot(self, name: str, say: Say) -> Snapshot:
        """A full copy to the object store, and proof that the log around it is archived too."""

    def snapshots(self) -> list[Snapshot]:
        """The full copies there are, newest first."""
