"""Which rules one statement breaks. What a pending revision makes itself, no live version knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.migration_lint.rules import BY_KIND
from infra.migration_lint.tree import Node, Statement, name_of, table_of
from migrations.backfill import NotABackfill, is_marked, parse_backfill

_SERIAL = ("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8")
_REPLACING = ("CREATE_VIEW", "CREATE_FUNCTION", "CREATE_PROCEDURE", "CREATE_TRIGGER", "CREATE_AGGREGATE")
_NAMES = ("POLICY", "POLICY_REF", "TRIGGER", "TRIGGER_REF", "VIEW", "VIEW_REF", "FUNCTION_NAME", "FUNCTION_NAME_REF")


@dataclass
class Known:
    """What the statements so far have made: tables, other things by kind and name, and checks against null."""

    tables: set[str] = field(default_factory=set)
    things: set[tuple[str, str]] = field(default_factory=set)
    checks: dict[tuple[str, str], str] = field(default_factory=dict)
    validated: set[tuple[str, str]] = field(default_factory=set)

    def learn(self, statement: Node) -> None:
        """What this statement makes."""
        if statement.kind in ("CREATE_TABLE", "CREATE_TABLE_AS", "SELECT_INTO"):
            self.tables.add(name_of(statement.first("TABLE_NAME")))
        elif statement.kind.startswith("CREATE_"):
            self.things.add((statement.kind.removeprefix("CREATE_"), _thing(statement)))
        for node in statement.walk():
            if node.kind == "CHECK_CONSTRAINT":
                self._learn_check(table_of(statement), node)
            elif node.kind == "VALIDATE_CONSTRAINT":
                self.validated.add((table_of(statement), name_of(node.first("CONSTRAINT_NAME_REF"))))

    def is_checked(self, table: str, column: str) -> bool:
        """Whether a validated check keeps nulls out of the column."""
        return any(
            (table, name) in self.validated
            for (of, name), about in self.checks.items()
            if (of, about) == (table, column)
        )

    def _learn_check(self, table: str, node: Node) -> None:
        condition = node.first("BIN_EXPR", "POSTFIX_EXPR")
        words = condition.text.split() if condition else []
        if [word.upper() for word in words[1:]] == ["IS", "NOT", "NULL"]:
            self.checks[table, name_of(node.first("CONSTRAINT_NAME"))] = words[0].strip('"').lower()


def broken_rules(statement: Statement, known: Known, made_later: set[tuple[str, str]]) -> Iterator[tuple[str, Node]]:
    """The names of the rules that it breaks, each with the part that does. `made_later`: in the same revision."""
    node = statement.node
    if node.kind in ("UPDATE", "DELETE"):
        yield from _rows(statement, known)
    if node.kind == "EXECUTE" and statement.is_inside:
        yield "dynamic-sql", node
    if node.kind == "SET":
        yield from _timeouts(node)
    if table_of(node) in known.tables:
        return
    if node.kind.startswith("DROP_"):
        yield from _drops(node, known, made_later)
    elif node.kind == "ALTER_TABLE":
        yield from _alterations(node, known)
    yield from _by_kind(node)
    yield from _heavy(node)


def _by_kind(node: Node) -> Iterator[tuple[str, Node]]:
    for part in node.walk():
        if part is not node and part.kind in ("UPDATE", "DELETE") and not _is_bounded(part):
            yield f"whole-table-{part.kind.lower()}", part
        rule = BY_KIND.get(part.kind) or ("rename" if part.kind.endswith("_RENAME_TO") else "")
        if part.kind == "AS_POLICY_TYPE" and "RESTRICTIVE" not in part.text.upper():
            continue
        if rule and not (part is node and part.kind.startswith("DROP_")):
            yield rule, part


def _rows(statement: Statement, known: Known) -> Iterator[tuple[str, Node]]:
    node = statement.node
    text = f"{statement.comments}\n{node.text}"
    if node.kind == "UPDATE" and is_marked(text) and not statement.is_inside:
        try:
            parse_backfill(text)
        except NotABackfill:
            yield "broken-backfill", node
        return
    if table_of(node) in known.tables:
        return
    if not _is_bounded(node):
        yield f"whole-table-{node.kind.lower()}", node
    elif node.kind == "DELETE":
        yield "delete-on-expand", node


def _is_bounded(node: Node) -> bool:
    """Whether its condition names rows: a column that equals a literal, or is one of some, not weakened by OR."""
    where = next((child for child in node.children if child.kind == "WHERE_CLAUSE"), None)
    condition = where.children[-1] if where else None
    return condition is not None and _names_rows(condition)


def _names_rows(condition: Node) -> bool:
    parts = [child for child in condition.children if child.kind not in ("WHITESPACE", "COMMENT")]
    if condition.kind == "PAREN_EXPR":
        return any(_names_rows(part) for part in parts)
    if condition.kind != "BIN_EXPR" or len(parts) < 3:
        return False
    left, operator, right = parts[0], parts[1].text.upper(), parts[-1]
    if operator == "AND":
        return _names_rows(left) or _names_rows(right)
    return operator in ("=", "IN") and _is_column(left) and not right.has("SELECT", "NAME_REF", "FIELD_EXPR")


def _is_column(node: Node) -> bool:
    return node.kind in ("NAME_REF", "FIELD_EXPR")


def _timeouts(node: Node) -> Iterator[tuple[str, Node]]:
    name, value = name_of(node.first("CONFIG_PARAMETER_REF")), node.first("LITERAL")
    if name in ("lock_timeout", "statement_timeout") and value and not value.text.strip("'0smin \t"):
        yield "no-timeout", node


def _drops(node: Node, known: Known, made_later: set[tuple[str, str]]) -> Iterator[tuple[str, Node]]:
    kind = node.kind.removeprefix("DROP_")
    rule = BY_KIND.get(node.kind, "drop-on-expand")
    thing = (kind, _thing(node))
    if thing in known.things:
        return
    if rule == "drop-on-expand" and thing[1] and thing in made_later:
        rule = "drop-and-create"
    yield rule, node


def _alterations(node: Node, known: Known) -> Iterator[tuple[str, Node]]:
    table = table_of(node)
    for part in node.walk():
        if part.kind == "ADD_COLUMN":
            yield from _new_column(part)
        elif part.kind == "SET_NOT_NULL":
            if not known.is_checked(table, _column_before(node, part)):
                yield "not-null-without-check", part
        elif part.kind == "ADD_CONSTRAINT":
            yield from _new_constraint(part)


def _new_column(part: Node) -> Iterator[tuple[str, Node]]:
    kind = name_of(part.first("PATH_TYPE"))
    is_made = kind in _SERIAL or part.has("GENERATED_CONSTRAINT")
    if is_made:
        yield "rewrites-table", part
    if part.has("NOT_NULL_CONSTRAINT", "PRIMARY_KEY_CONSTRAINT") and not (is_made or part.has("DEFAULT_CONSTRAINT")):
        yield "required-column", part
        yield "required-column-on-contract", part
    if part.has("UNIQUE_CONSTRAINT", "PRIMARY_KEY_CONSTRAINT"):
        yield "unique-under-lock", part


def _new_constraint(part: Node) -> Iterator[tuple[str, Node]]:
    unique = part.first("UNIQUE_CONSTRAINT", "PRIMARY_KEY_CONSTRAINT", "EXCLUDE_CONSTRAINT")
    if unique:
        yield "unique-on-existing", part
        if "USING INDEX" not in " ".join(unique.text.upper().split()):
            yield "unique-under-lock", part
    elif part.has("NOT_NULL_CONSTRAINT"):
        yield "not-null-without-check", part
    else:
        yield "narrows-existing", part


def _heavy(node: Node) -> Iterator[tuple[str, Node]]:
    words = set(node.text.upper().replace("(", " ").replace(")", " ").replace(",", " ").split())
    if node.kind == "CREATE_INDEX" and "UNIQUE" in words:
        yield "unique-on-existing", node
    if (node.kind in ("REINDEX", "REFRESH") and "CONCURRENTLY" not in words) or (
        node.kind == "VACUUM" and "FULL" in words
    ):
        yield "heavy-lock", node
    if node.kind in _REPLACING and node.has("OR_REPLACE"):
        yield "changes-in-place", node


def _column_before(node: Node, part: Node) -> str:
    column = next(
        found for found in node.walk() if found.kind == "ALTER_COLUMN" and found.start <= part.start < found.end
    )
    return name_of(column.first("COLUMN_NAME_REF"))


def _thing(node: Node) -> str:
    """The name of a policy, trigger, view, function or index, with its table where it has one."""
    name = name_of(node.first(*_NAMES, "INDEX", "INDEX_REF"))
    return f"{name} on {table_of(node)}" if node.has("ON_TABLE", "ON_RELATION") else name
