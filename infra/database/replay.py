"""Writes decoded rows into a restored database, where its schema takes them; its own triggers stay silent.

Each transaction goes in whole or not at all, and all of them in one: a replay that is killed never happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

import psycopg
from psycopg import sql

from infra.database.changes import Change, Values
from infra.database.connection import said

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), coalesce(a.attnum = ANY (i.indkey), false),
    a.attgenerated <> ''
FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
"""
_TRIGGERS = """
SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled = 'O' ORDER BY 1, 2
"""


class Refusal(Exception):
    """Why one row cannot be replayed, for the list."""


@dataclass(frozen=True)
class Table:
    """What the restored schema knows of a table. `columns`: the type of each; Postgres works out `generated` itself."""

    schema: str
    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    generated: frozenset[str]

    @property
    def sql(self) -> sql.Identifier:
        """Its quoted name."""
        return sql.Identifier(self.schema, self.name)


class Restored:
    """One restored database, in one open transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._tables: dict[tuple[str, str], Table] = {}

    def whole(self) -> AbstractContextManager[object]:
        """What happens inside is kept whole, or not at all when it raises."""
        return self._connection.transaction()

    @cached_property
    def _triggers(self) -> list[tuple[str, str]]:
        return [(str(table), str(name)) for table, name in self._connection.execute(_TRIGGERS)]

    def silence_triggers(self, silent: bool) -> None:
        """What a trigger did the first time is among the rows. Foreign keys are checked as always."""
        for table, name in self._triggers:
            verb = "DISABLE" if silent else "ENABLE"
            self._connection.execute(sql.SQL(f"ALTER TABLE {table} {verb} TRIGGER {name}"))

    def table(self, change: Change) -> Table:
        """The table that a change is of. Raises Refusal when the restored schema has none."""
        place = (change.schema, change.table)
        if place not in self._tables:
            quoted = sql.Identifier(*place).as_string(self._connection)
            found = self._connection.execute(_COLUMNS, [quoted]).fetchall()
            if not found:
                raise Refusal(f"the restored schema has no table {change.schema}.{change.table}")
            self._tables[place] = Table(
                *place,
                columns={str(name): str(kind) for name, kind, _, _ in found},
                key=tuple(str(name) for name, _, is_key, _ in found if is_key),
                generated=frozenset(str(name) for name, _, _, is_generated in found if is_generated),
            )
        return self._tables[place]

    def apply(self, change: Change) -> None:
        """Write one row, inside of `whole`. Raises Refusal when that cannot be; `whole` then keeps nothing."""
        table = self.table(change)
        try:
            written = self._execute(table, change)
        except psycopg.Error as error:
            raise Refusal(said(error)) from error
        if written != 1:
            raise Refusal(f"{written} rows of the restored table are meant, not 1")

    def _execute(self, table: Table, change: Change) -> int:
        if change.verb == "TRUNCATE":
            raise Refusal("TRUNCATE of a whole table is for a person to decide")
        if change.verb == "INSERT":
            return self._run(
                sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
                    table.sql, _names(change.new), _placeholders(table, change.new)
                ),
                change.new,
            )
        where = _finder(table, change)
        if change.verb == "DELETE":
            return self._run(
                sql.SQL("DELETE FROM {} WHERE {}").format(table.sql, _matches(table, where)), _given(where)
            )
        # What finds the row and stays as it is may be of a kind that takes no assignment.
        changed = {name: value for name, value in change.new.items() if (name, value) not in where.items()}
        if not changed:
            return 1
        question = sql.SQL("UPDATE {} SET {} WHERE {}").format(
            table.sql, _assignments(table, changed), _matches(table, where)
        )
        return self._run(question, changed, _given(where))

    def _run(self, question: sql.Composed, *values: Values) -> int:
        return self._connection.execute(question, [value for some in values for value in some.values()]).rowcount


def _finder(table: Table, change: Change) -> Values:
    """The columns that find the row: those printed as old, else the key, which then did not change."""
    if change.old:
        return change.old
    if change.verb == "DELETE" or not table.key:
        raise Refusal(f"{table.schema}.{table.name} has no key that would find the row")
    missing = [name for name in table.key if name not in change.new]
    if missing:
        raise Refusal(f"the key column {missing[0]} is not among what was logged")
    return {name: change.new[name] for name in table.key}


def _names(values: Values) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, values))


def _placeholders(table: Table, values: Values) -> sql.Composed:
    return sql.SQL(", ").join(_typed(table, name) for name in values)


def _assignments(table: Table, values: Values) -> sql.Composed:
    pairs = (sql.SQL("{} = {}").format(sql.Identifier(name), _typed(table, name)) for name in values)
    return sql.SQL(", ").join(pairs)


def _matches(table: Table, values: Values) -> sql.Composed:
    """With `=`, which an index answers; IS NOT DISTINCT FROM would read the whole table for each row."""
    tests = (
        sql.SQL("{} IS NULL").format(sql.Identifier(name))
        if value is None
        else sql.SQL("{} = {}").format(sql.Identifier(name), _typed(table, name))
        for name, value in values.items()
    )
    return sql.SQL(" AND ").join(tests)


def _given(values: Values) -> Values:
    """Those that `_matches` has a placeholder for."""
    return {name: value for name, value in values.items() if value is not None}


def _typed(table: Table, column: str) -> sql.Composed:
    """A text, read as the column's type. format_type quotes what needs quotes."""
    return sql.SQL("{}::{}").format(sql.Placeholder(), sql.SQL(table.columns[column]))
