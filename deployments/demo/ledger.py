"""The client's own record of every write acknowledged to it, and the question whether each is still there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import psycopg
from psycopg import sql

from infra.errors import BadInput, Rejected, Unreachable
from infra.files import make_folder

# Which table a kind of write goes to, and the columns that an acknowledgement promises.
TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "checkin": ("checkins", ("shift_id", "latitude", "longitude")),
    "payment": ("payments", ("shift_id", "amount_cents")),
}
_BATCH = 5000


@dataclass(frozen=True)
class Entry:
    """One acknowledged write. `time` is when the answer came (seconds since the epoch), `version` who gave it."""

    uuid: UUID
    kind: str
    values: Mapping[str, int | float]
    time: float
    version: str


@dataclass(frozen=True)
class Difference:
    """A row that is there with other values than those acknowledged."""

    uuid: UUID
    acknowledged: Mapping[str, int | float]
    found: Mapping[str, int | float]


@dataclass(frozen=True)
class LedgerCheck:
    """`found` counts rows that exist, `lost` are those that do not, `different` exist with other values."""

    acknowledged: int
    found: int
    lost: tuple[UUID, ...]
    different: tuple[Difference, ...]

    @property
    def is_kept(self) -> bool:
        """Whether every acknowledged write is in the database as acknowledged."""
        return not self.lost and not self.different


class LedgerWriter:
    """Appends entries, one JSON object a line. Nothing is safe from a kill before `flush`."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        # The buffer only saves system calls; the load flushes several times a second.
        self._stream: TextIO = path.open("a", buffering=1 << 20)

    def add(self, entry: Entry) -> None:
        """Remember one acknowledged write."""
        self._stream.write(json.dumps(asdict(entry) | {"uuid": str(entry.uuid)}) + "\n")

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._stream.flush()

    def close(self) -> None:
        """Flush and close."""
        self._stream.close()


def read_ledger(path: Path) -> Iterator[Entry]:
    """Entries in order; a last line cut short by a kill is left out. Raises BadInput for any other bad line."""
    try:
        lines = path.read_text().split("\n")
    except OSError as error:
        raise BadInput("ledger", f"{path} cannot be read: {error.strerror}", "give the load's ledger") from error
    # What follows the last line break is empty, or was being written when the load was killed.
    for number, line in enumerate(lines[:-1], start=1):
        yield _entry(path, number, line)


def check_ledger(ledger_path: Path, database_url: str) -> LedgerCheck:
    """Compare every acknowledged write with its row, in bulk; the order of `lost` is that of the ledger.

    Raises BadInput for a bad ledger, Unreachable or Rejected when the database cannot be asked.
    """
    entries = {entry.uuid: entry for entry in read_ledger(ledger_path)}
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            rows = {kind: _rows(connection, kind, entries) for kind in TABLES}
    except psycopg.OperationalError as error:
        raise Unreachable(f"reading {len(entries)} writes back: {error}", "is the database up?") from error
    except psycopg.Error as error:
        raise Rejected(f"reading {len(entries)} writes back: {error}", "is it the demo app's database?") from error
    lost = tuple(entry.uuid for entry in entries.values() if entry.uuid not in rows[entry.kind])
    different = tuple(
        Difference(entry.uuid, entry.values, rows[entry.kind][entry.uuid])
        for entry in entries.values()
        if entry.uuid in rows[entry.kind] and rows[entry.kind][entry.uuid] != entry.values
    )
    return LedgerCheck(len(entries), len(entries) - len(lost), lost, different)


def _entry(path: Path, number: int, line: str) -> Entry:
    try:
        fields: dict[str, Any] = json.loads(line)
        entry = Entry(**fields | {"uuid": UUID(fields["uuid"])})
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"ledger line {number}", f"in {path} is not an entry: {error}", "give the load's ledger"
        ) from error
    if entry.kind not in TABLES:
        raise BadInput(f"ledger line {number}", f"in {path} has kind {entry.kind!r}", f"known: {', '.join(TABLES)}")
    return entry


def _rows(
    connection: psycopg.Connection, kind: str, entries: Mapping[UUID, Entry]
) -> dict[UUID, dict[str, int | float]]:
    """The promised columns of every row that the ledger names, by id."""
    table, columns = TABLES[kind]
    query = sql.SQL("SELECT id, {} FROM {} WHERE id = ANY(%s)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    ids = [entry.uuid for entry in entries.values() if entry.kind == kind]
    found: dict[UUID, dict[str, int | float]] = {}
    for start in range(0, len(ids), _BATCH):
        for id, *values in connection.execute(query, (ids[start : start + _BATCH],)):
            found[id] = dict(zip(columns, values, strict=True))
    return found
