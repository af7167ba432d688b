"""Reads what `test_decoding` prints: transactions, each with the rows that it inserted, updated and deleted.

The format: contrib/test_decoding/test_decoding.c. Values are texts that Postgres reads back as the column's type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from infra.errors import Rejected

Verb = Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE"]
Values = dict[str, str | None]
_HEAD = re.compile(
    r'table (?P<tables>(?:"(?:[^"]|"")*"|[^":,]|, )+): (?P<verb>INSERT|UPDATE|DELETE|TRUNCATE):(?P<rest>.*)', re.DOTALL
)
_COLUMN = re.compile(
    r' (?P<name>"(?:[^"]|"")*"|[^\s"\[]+)\[(?P<type>.*?)\]:'
    r"(?P<value>null|unchanged-toast-datum|B?'(?:[^']|'')*'|[^\s']+)",
    re.DOTALL,
)
_QUALIFIED = re.compile(r'("(?:[^"]|"")*"|[^".]+)\.("(?:[^"]|"")*"|[^".]+)')


@dataclass(frozen=True)
class Change:
    """One row. `old` is what finds it, where it was printed; `unread` are columns whose long value was not repeated."""

    schema: str
    table: str
    verb: Verb
    new: Values
    old: Values
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transaction:
    """All rows of one transaction; `lsn` is the position after its commit."""

    id: int
    lsn: str
    changes: tuple[Change, ...]


def transactions(lines: Iterable[tuple[str, int, str]]) -> Iterator[Transaction]:
    """Whole transactions in the order of their commits, from (position, transaction, text) triples."""
    changes: list[Change] = []
    for lsn, xid, text in lines:
        if text.startswith("BEGIN"):
            changes = []
        elif text.startswith("COMMIT"):
            yield Transaction(xid, lsn, tuple(changes))
        elif text.startswith("table "):
            changes.extend(parse(text))


def parse(text: str) -> list[Change]:
    """One line; a TRUNCATE may name several tables. Raises Rejected for what cannot be read."""
    head = _HEAD.fullmatch(text)
    if head is None:
        raise _unreadable(text)
    found, rest = _QUALIFIED.findall(head["tables"]), head["rest"]
    if head["verb"] == "TRUNCATE":
        return [
            Change(_plain(schema.removeprefix(", ")), _plain(table.strip()), "TRUNCATE", {}, {})
            for schema, table in found
        ]
    schema, table = map(_plain, found[0])
    if head["verb"] == "INSERT":
        new, unread = _columns(rest)
        return [Change(schema, table, "INSERT", new, {}, unread)]
    if head["verb"] == "DELETE":
        return [Change(schema, table, "DELETE", {}, _columns(rest)[0])]
    old, new, unread = _old_and_new(rest)
    return [Change(schema, table, "UPDATE", new, old, unread)]


def _old_and_new(rest: str) -> tuple[Values, Values, tuple[str, ...]]:
    if not rest.startswith(" old-key:"):
        return {}, *_columns(rest)
    old, at = _scan(rest, len(" old-key:"))
    if not rest.startswith(" new-tuple:", at):
        raise _unreadable(rest)
    return old[0], *_columns(rest[at + len(" new-tuple:") :])


def _columns(rest: str) -> tuple[Values, tuple[str, ...]]:
    if rest.strip() == "(no-tuple-data)":
        return {}, ()
    found, at = _scan(rest, 0)
    if at != len(rest):
        raise _unreadable(rest)
    return found


def _scan(text: str, at: int) -> tuple[tuple[Values, tuple[str, ...]], int]:
    """The columns from a place on, and the place after the last of them."""
    values: Values = {}
    unread: list[str] = []
    while column := _COLUMN.match(text, at):
        at = column.end()
        name = _plain(column["name"])
        if column["value"] == "unchanged-toast-datum":
            unread.append(name)
        else:
            values[name] = _value(column["value"])
    return (values, tuple(unread)), at


def _value(printed: str) -> str | None:
    if printed == "null":
        return None
    if printed.endswith("'"):
        return printed.removeprefix("B")[1:-1].replace("''", "'")
    return printed


def _plain(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def _unreadable(text: str) -> Rejected:
    return Rejected(f"a decoded change cannot be read: {text[:300]}", "is test_decoding of another version?")
