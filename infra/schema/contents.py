"""What an expansion added to a database, and whether anything was written into it since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from infra.database.connection import Access, connected, one

_PATIENCE = "SET statement_timeout = '15min'"
_COLUMNS = """
SELECT format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid),
       a.attgenerated <> '' OR a.attidentity <> ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'
  AND n.nspname <> 'information_schema'
  AND c.relname NOT IN ('alembic_version', 'pipeline_schema_history', 'pipeline_backfills')
ORDER BY 1, a.attnum
"""


@dataclass(frozen=True)
class Column:
    """A column as the catalog has it. `table` is written in full for people; `default` is SQL or None."""

    table: str
    schema: str
    relation: str
    name: str
    default: str | None
    is_made: bool


@dataclass(frozen=True)
class Contents:
    """The rows that hold something in an added table (`column` is empty) or column, and a digest of what they hold.

    A value that equals the column's default counts as nothing: the live version's inserts bring it unknowingly.
    """

    table: str
    column: str
    rows: int
    digest: str

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.table}.{self.column}" if self.column else self.table


def columns_of(access: Access) -> dict[str, list[str]]:
    """Every table with its columns."""
    found: dict[str, list[str]] = {}
    for column in _columns(access):
        found.setdefault(column.table, []).append(column.name)
    return found


def contents_added(access: Access, before: Mapping[str, Sequence[str]]) -> list[Contents]:
    """What is in the tables and columns that are there now and were not in `before` (as `columns_of` gave it)."""
    columns = _columns(access)
    fresh = {column.table: column for column in columns if column.table not in before}
    added = [column for column in columns if column.table in before and column.name not in before[column.table]]
    with connected(access) as connection:
        connection.execute(_PATIENCE)
        return [*_of_tables(connection, fresh), *_of_columns(connection, added)]


def rows_of(access: Access, table: str, column: str = "") -> int:
    """How many rows a table has, or how many hold a value in one of its columns; 0 when it does not exist."""
    wanted = [one for one in _columns(access) if _is_called(one, table) and (not column or one.name == column)]
    if not wanted:
        return 0
    what = sql.Identifier(column) if column else sql.SQL("*")
    question = sql.SQL("SELECT count({}) FROM {}").format(what, _relation(wanted[0]))
    with connected(access) as connection:
        connection.execute(_PATIENCE)
        return int(str(one(connection, question)[0]))


def _columns(access: Access) -> list[Column]:
    with connected(access) as connection:
        return [Column(*row) for row in connection.execute(_COLUMNS).fetchall()]


def _of_tables(connection: psycopg.Connection, tables: Mapping[str, Column]) -> Iterator[Contents]:
    for name, column in tables.items():
        question = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {} AS t").format(
            _relation(column)
        )
        rows, digest = one(connection, question)
        yield Contents(name, "", int(str(rows)), str(digest))


def _of_columns(connection: psycopg.Connection, columns: Sequence[Column]) -> Iterator[Contents]:
    for column in columns:
        if column.is_made:
            continue
        value = sql.Identifier(column.name)
        # The default is SQL from the catalog itself. A volatile one never equals: then the rows count, to be safe.
        usual = sql.SQL(column.default) if column.default else sql.SQL("NULL")  # see above
        question = sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended({value}::text, 0)), 0)::text FROM {table}"
            " WHERE {value} IS NOT NULL AND {value} IS DISTINCT FROM {usual}"
        ).format(value=value, table=_relation(column), usual=usual)
        rows, digest = one(connection, question)
        yield Contents(column.table, column.name, int(str(rows)), str(digest))


def _relation(column: Column) -> sql.Identifier:
    return sql.Identifier(column.schema, column.relation)


def _is_called(column: Column, table: str) -> bool:
    """`users` is a table of that name in the schema public, `billing.rates` one elsewhere."""
    full = f"{column.schema}.{column.relation}"
    return full == table or full == f"public.{table}"
