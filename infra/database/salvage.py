"""Brings rows that were committed after a restore point into the restored database, and lists what it cannot.

What the migration itself wrote is left out: its transactions are those that also write the schema's own tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from infra.database.changes import Change, Transaction, Values, transactions
from infra.database.connection import Access, access_to, connected
from infra.database.log_segments import position
from infra.database.replay import Refusal, Restored
from infra.database.slots import Slot, read_slot
from infra.files import make_folder

# A revision's transaction writes the first two, each batch of a backfill the third.
SCHEMA_TABLES = frozenset({"alembic_version", "pipeline_schema_history", "pipeline_backfills"})
# So few are left to be replayed behind closed doors.
_FEW = 50
_ENDLESS = float("inf")
# So many transactions share a savepoint; where one of them cannot come, each is tried by itself.
_TOGETHER = 20
Row = tuple[str, str, tuple[tuple[str, str | None], ...]]


@dataclass(frozen=True)
class Salvage:
    """Counts of rows. `listed` are in `file`, one JSON object a line; `schema` are what migrations wrote themselves."""

    replayed: int
    listed: int
    schema: int
    transactions: int
    file: str


def salvage(slot: Slot, restored_url: str, file: Path, close: Callable[[], None] = lambda: None) -> Salvage:
    """Replay everything that the slot holds; once it returns, all of it is committed. The slot stays.

    `close` ends all writing into the slot's database, and every connection to it; what was written until a moment
    before is replayed while people still write, so that they wait for the rest only.
    `restored_url` is a superuser's, of a database that nobody uses yet. Run again it would replay again: a caller
    that was killed begins with a fresh restore. Raises Rejected when the slot is lost.
    """
    make_folder(file.parent)
    with file.open("w") as stream, connected(access_to(restored_url)) as target:
        with target.transaction():
            target.execute("SET LOCAL statement_timeout = 0")
            work = _Work(Restored(target), stream, slot.after_lsn)
            work.restored.silence_triggers(True)
            taken, before = work.take_all(slot), _ENDLESS
            while _FEW < taken < before / 2:  # what is left shrinks, as replaying is faster than writing was
                taken, before = work.take_all(slot), taken
            close()
            work.take_all(slot)
            work.restored.silence_triggers(False)
        _advance_sequences(slot.access, target)
        stream.flush()
    return Salvage(work.replayed, work.listed, work.schema, work.transactions, str(file))


class _Work:
    """The counts so far, and what the migration made of which row."""

    def __init__(self, restored: Restored, stream: IO[str], after_lsn: str) -> None:
        self.restored = restored
        self._stream = stream
        self._after_lsn = after_lsn
        self._written_by_schema: dict[Row, Values] = {}
        self.replayed = self.listed = self.schema = self.transactions = 0

    def take_all(self, slot: Slot) -> int:
        """Take what was committed since the last time; how many transactions that were."""
        before = self.transactions
        with connected(slot.access) as source:
            rest = _after(replace(slot, after_lsn=self._after_lsn), source)
            while some := list(islice(rest, _TOGETHER)):
                self._take_some(some)
                self._after_lsn = some[-1].lsn
        return self.transactions - before

    def _take_some(self, some: list[Transaction]) -> None:
        self.transactions += len(some)
        is_own = [any(change.table in SCHEMA_TABLES for change in one.changes) for one in some]
        for alike, group in groupby(zip(is_own, some, strict=True), key=lambda pair: pair[0]):
            ones = [one for _, one in group]
            if alike:
                self._leave_out(ones)
            elif not self._replay(ones):
                for one in ones:
                    self._take(one)

    def _leave_out(self, ones: list[Transaction]) -> None:
        for one in ones:
            self.schema += len(one.changes)
            for change in one.changes:
                self._remember(change)

    def _take(self, one: Transaction) -> None:
        """Replay a transaction whole, or list all of it."""
        try:
            self._write([one])
        except Refusal as refusal:
            self._list(one, [(change, f"not replayed: {refusal}") for change in one.changes])

    def _replay(self, ones: list[Transaction]) -> bool:
        """All of them, or none: then each has to be tried by itself, which finds the same of each change."""
        try:
            self._write(ones)
        except Refusal:
            return False
        return True

    def _write(self, ones: list[Transaction]) -> None:
        pending: list[tuple[Transaction, list[tuple[Change, str]]]] = []
        with self.restored.whole():
            for one in ones:
                notes = []
                for change in one.changes:
                    fitting, note = self._fit(change)
                    self.restored.apply(fitting)
                    notes += [(change, note)] if note else []
                pending.append((one, notes))
        for one, notes in pending:
            self.replayed += len(one.changes)
            self._list(one, notes)

    def _fit(self, change: Change) -> tuple[Change, str]:
        """The change without columns that the restored table lacks, and a note when a value is lost that way."""
        table = self.restored.table(change)
        columns = table.columns.keys() - table.generated
        kept = self._own_values(change)
        lost = {name: value for name, value in kept.items() if name not in table.columns and value is not None}
        note = f"replayed without columns that the restored schema lacks: {', '.join(sorted(lost))}" if lost else ""
        fitting = {name: value for name, value in kept.items() if name in columns}
        old = {name: value for name, value in change.old.items() if name in columns}
        return replace(change, new=fitting, old=old or self._key(change)), note

    def _own_values(self, change: Change) -> Values:
        """An update repeats the whole row: what it repeats of the migration's work is not the app's."""
        if change.verb != "UPDATE":
            return change.new
        repeated = self._written_by_schema.get(self._row(change), {})
        own = {name: value for name, value in change.new.items() if repeated.get(name, _NOTHING) != value}
        for name in own:
            repeated.pop(name, None)  # from now on the app's, also when it comes back to the same value
        return own

    def _key(self, change: Change) -> Values:
        key = self.restored.table(change).key
        return {name: change.new[name] for name in key if name in change.new} if change.verb == "UPDATE" else {}

    def _row(self, change: Change) -> Row:
        found = change.old or self._key(change)
        return change.schema, change.table, tuple(sorted(found.items()))

    def _remember(self, change: Change) -> None:
        if change.verb == "UPDATE" and change.table not in SCHEMA_TABLES:
            try:
                self._written_by_schema[self._row(change)] = dict(change.new)
            except Refusal:  # a table that the restored schema lacks takes no row later either
                return

    def _list(self, one: Transaction, rows: list[tuple[Change, str]]) -> None:
        for change, reason in rows:
            entry = {"transaction": one.id, "lsn": one.lsn, **asdict(change), "reason": reason}
            self._stream.write(json.dumps(entry) + "\n")
        self.listed += len(rows)


_NOTHING = object()


def _after(slot: Slot, source: psycopg.Connection) -> Iterator[Transaction]:
    start = position(slot.after_lsn)
    found = (one for one in transactions(read_slot(source, slot)) if position(one.lsn) > start)
    return (one for one in found if not (slot.seen and slot.seen.has(one.id)))


def _advance_sequences(source: Access, target: psycopg.Connection) -> None:
    """Numbers that were given out stay given out: the log of rows does not tell of them."""
    with connected(source) as damaged:
        found = damaged.execute(
            "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        ).fetchall()
    for schema, name, last in found:
        quoted = sql.Identifier(schema, name).as_string(target)
        target.execute(
            "SELECT setval(to_regclass(%s), %s) FROM pg_sequences WHERE schemaname = %s AND sequencename = %s"
            " AND coalesce(last_value, 0) < %s",
            [quoted, last, schema, name, last],
        )
