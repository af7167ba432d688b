"""A logical slot: from when it is made, every row that is committed in one database can be read again.

`max_slot_wal_keep_size` bounds what it may hold of the primary's disk; beyond that Postgres gives the slot up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg

from infra.database.connection import Access, connected, has_row, one
from infra.database.visible import Visible
from infra.errors import BadInput, Rejected

_NAME = re.compile(r"[a-z0-9_]{1,63}")
_OPTIONS = ("include-xids", "1", "skip-empty-xacts", "1", "include-timestamp", "0")


@dataclass(frozen=True)
class Slot:
    """`access` is the superuser's to one database; what was committed up to `after_lsn`, or `seen`, is of no
    interest."""

    name: str
    access: Access = field(repr=False)
    after_lsn: str = "0/0"
    seen: Visible | None = None


def slot_name(text: str) -> str:
    """A text as a slot's name: lower-case letters, digits and underscores."""
    name = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:63]
    if not _NAME.fullmatch(name):
        raise BadInput("slot", f"{text!r} cannot name a slot", "give it letters or digits")
    return name


def make_slot(access: Access, name: str) -> None:
    """Hold the log of one database from now on; harmless when it is there already."""
    with connected(access) as connection:
        if not has_row(connection, "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", slot_name(name)):
            # pgoutput would need a publication, on which Postgres refuses updates of tables without a key.
            one(connection, "SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", slot_name(name))


def drop_slot(access: Access, name: str) -> None:
    """Let go of the log; harmless when the slot is not there."""
    with connected(access) as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s",
            [slot_name(name)],
        )


def read_slot(connection: psycopg.Connection, slot: Slot) -> Iterator[tuple[str, int, str]]:
    """Position, transaction and text of everything it holds, in the order of commits; may be read again.

    Raises Rejected when it is not there or Postgres gave it up.
    """
    _check_whole(connection, slot)
    with connection.transaction(), connection.cursor(name="slot") as cursor:
        connection.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            "SELECT lsn::text, xid::text, data FROM pg_logical_slot_peek_changes(%s, NULL, NULL, VARIADIC %s)",
            [slot.name, list(_OPTIONS)],
        )
        for lsn, xid, data in cursor:
            yield str(lsn), int(xid), str(data)


def _check_whole(connection: psycopg.Connection, slot: Slot) -> None:
    found = connection.execute(
        "SELECT wal_status, restart_lsn::text FROM pg_replication_slots WHERE slot_name = %s", [slot.name]
    ).fetchone()
    if found is None:
        raise Rejected(f"slot {slot.name} is not there: rows committed since cannot be read again from it")
    if found[0] == "lost":
        raise Rejected(
            f"slot {slot.name} was given up by Postgres: more log was written than max_slot_wal_keep_size lets it hold",
            "the rows committed since are in the log archive and in the kept database only",
        )
