"""The signed evidence that a backup was restored and checked, or refused; what the release gate asks for."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from infra.database.archive import Archive
from infra.database.signing import signed, verified
from infra.errors import Rejected

_PREFIX = "proofs"
REFUTATIONS = "refutations"


@dataclass(frozen=True)
class Proof:
    """Times in seconds, `time` since the epoch. `rows` by database and table, as restored at `lsn`.

    `compared_rows` is how many of them were counted before, at the same position, on the standby; 0 when it was down.
    Of the `others`, the older backups, all sizes were compared and `opened` objects opened; `damaged` names the bad.
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
    others: int = 0
    opened: int = 0
    damaged: tuple[str, ...] = ()

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
            f"{self.others} older backups have all their objects in full length; {self.opened} of these were opened",
            *(f"DAMAGED: {one}" for one in self.damaged),
        ]


@dataclass(frozen=True)
class Refutation:
    """A verification that ended with a no. `time` is seconds since the epoch."""

    id: str
    time: float
    message: str
    hint: str


def write_proof(archive: Archive, proof: Proof) -> str:
    """Keep it; its key."""
    key = archive.place(_PREFIX, f"{proof.id}.json")
    archive.objects.put(key, signed(archive.key, key, asdict(proof)), "application/json")
    return key


def write_refutation(archive: Archive, refutation: Refutation) -> str:
    """Keep it; its key."""
    key = archive.place(REFUTATIONS, f"{refutation.id}.json")
    archive.objects.put(key, signed(archive.key, key, asdict(refutation)), "application/json")
    return key


def newest_proof(archive: Archive) -> Proof | None:
    """The newest one. Raises Rejected when a verification since then said no, or a record was changed."""
    key = _newest_key(archive, _PREFIX)
    _check_not_refuted(archive, key)
    stored = archive.objects.get(key) if key else None
    if stored is None:
        return None
    table = verified(archive.key, key, stored)
    return Proof(**{**table, "damaged": tuple(table.get("damaged", ()))})


def _check_not_refuted(archive: Archive, proof_key: str) -> None:
    """Both kinds are named by the moment when their verification began."""
    key = _newest_key(archive, REFUTATIONS)
    if not key or _name(key) < _name(proof_key):
        return
    stored = archive.objects.get(key)
    if stored:
        found = Refutation(**verified(archive.key, key, stored))
        raise Rejected(f"the last verification, {found.id}, failed: {found.message}", found.hint)


def _newest_key(archive: Archive, prefix: str) -> str:
    return max((stored.key for stored in archive.objects.list(archive.place(prefix, ""))), default="")


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]
