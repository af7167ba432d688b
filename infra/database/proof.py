"""The signed evidence that a backup was restored and checked; what the release gate asks for."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from infra.database.archive import Archive
from infra.database.signing import signed, verified

_PREFIX = "proofs"


@dataclass(frozen=True)
class Proof:
    """Times in seconds, `time` since the epoch. `rows` by database and table, as restored at `lsn`.

    `compared_rows` is how many of them were counted before, at the same position, on the standby; 0 when it was down.
    """

    id: str
    time: float
    cluster: str
    server_version: str
    backup: str
    backup_time: float
    lsn: str
    segments: int
    raw_bytes: int
    fetch_seconds: float
    replay_seconds: float
    check_seconds: float
    rto_seconds: float
    rpo_seconds: float
    rows: dict[str, dict[str, int]]
    compared_rows: int
    invariants: int
    revisions: dict[str, list[str]]

    @property
    def age_seconds(self) -> float:
        """How old it is now."""
        return time.time() - self.time

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"backup {self.backup} was restored to {self.lsn} and checked: {self.raw_bytes} bytes,"
            f" {self.segments} segments of the log",
            f"{sum(map(len, self.rows.values()))} tables with {sum(sum(t.values()) for t in self.rows.values())} rows,"
            f" of which {self.compared_rows} were counted before; {self.invariants} invariants hold",
            f"RTO {self.rto_seconds:.1f} s ({self.fetch_seconds:.1f} s to fetch, {self.replay_seconds:.1f} s to"
            f" replay), RPO {self.rpo_seconds:.1f} s",
        ]


def write_proof(archive: Archive, proof: Proof) -> str:
    """Keep it; its key."""
    key = archive.place(_PREFIX, f"{proof.id}.json")
    archive.objects.put(key, signed(archive.key, key, asdict(proof)), "application/json")
    return key


def newest_proof(archive: Archive) -> Proof | None:
    """The newest one. Raises Rejected when it was changed or signed with another key."""
    keys = [stored.key for stored in archive.objects.list(archive.place(_PREFIX, ""))]
    if not keys:
        return None
    key = max(keys)
    stored = archive.objects.get(key)
    return Proof(**verified(archive.key, key, stored)) if stored else None
