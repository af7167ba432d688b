"""What the SQL of a revision takes away: tables and columns, by name."""

from __future__ import annotations

from infra.migration_lint.tree import name_of, parse, table_of


def drops_of(sql: str) -> list[tuple[str, str]]:
    """(table, column) in the order of the text; the column is empty where the whole table goes."""
    found: list[tuple[str, str]] = []
    for statement in parse(sql):
        node = statement.node
        if node.kind == "DROP_TABLE":
            found += [(name_of(part), "") for part in node.walk() if part.kind == "TABLE_NAME_REF"]
        found += [
            (table_of(node), name_of(part.first("COLUMN_NAME_REF")))
            for part in node.walk()
            if part.kind == "DROP_COLUMN"
        ]
    return found
