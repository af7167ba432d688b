"""SQL as a tree, by squawk's own Postgres parser: kinds of nodes with their places, also of statements inside DO."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.commands import command, run
from infra.errors import Unknown

SQUAWK = Path(sys.executable).parent / "squawk"
_LINE = re.compile(r"^(?P<indent> *)(?P<kind>[A-Z_]+)@(?P<start>\d+)\.\.(?P<end>\d+)")
_BODY = re.compile(r"\A(?P<open>\$\w*\$|')(?P<text>.*)(?:\$\w*\$|')\Z", re.DOTALL)


@dataclass
class Node:
    """A part of the text, from byte `start` to byte `end`. `kind` is squawk's name for it, such as ALTER_TABLE."""

    kind: str
    start: int
    end: int
    source: bytes = field(repr=False)
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """As it was written."""
        return self.source[self.start : self.end].decode()

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()

    def first(self, *kinds: str) -> Node | None:
        """The first node below of one of these kinds."""
        return next((node for node in self.walk() if node.kind in kinds), None)

    def has(self, *kinds: str) -> bool:
        """Whether there is one."""
        return self.first(*kinds) is not None


@dataclass(frozen=True)
class Statement:
    """A statement with the comments right before it. `is_inside` is true in the body of a DO."""

    node: Node
    comments: str
    is_inside: bool = False


def parse(sql: str) -> list[Statement]:
    """The statements of a script; the bodies of its DO blocks are looked into as far as they hold statements."""
    return [found for statement in _parsed(sql) for found in (statement, *_inside(statement))]


def name_of(node: Node | None) -> str:
    """A table's or another thing's name as Postgres compares it, without the schema `public`."""
    if node is None:
        return ""
    parts = re.findall(r'"(?:[^"]|"")*"|[^\s."]+', node.text)
    plain = [part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in parts]
    return ".".join(plain).removeprefix("public.")


def table_of(node: Node) -> str:
    """The table that a statement is about; empty when it is about none."""
    return name_of(node.first("TABLE_NAME_REF", "RELATION_NAME_REF", "TABLE_NAME", "RELATION_NAME"))


def _parsed(sql: str) -> list[Statement]:
    found: list[Statement] = []
    comments: list[str] = []
    for node in _root(sql).children:
        if node.kind == "COMMENT":
            comments.append(node.text)
        elif node.kind not in ("WHITESPACE", "EMPTY_STMT", "SEMICOLON"):
            found.append(Statement(node, "\n".join(comments)))
            comments = []
    return found


def _inside(statement: Statement) -> Iterator[Statement]:
    literal = statement.node.first("LITERAL") if statement.node.kind == "DO" else None
    body = _BODY.match(literal.text) if literal else None
    if body is None or literal is None:
        return
    # Blanks in front keep the places of the outer text.
    blanks = b" " * (literal.start + len(body["open"]))
    for inner in _parsed(blanks.decode() + body["text"]):
        yield Statement(inner.node, inner.comments, is_inside=True)


def _root(sql: str) -> Node:
    source = sql.encode()
    root = Node("ROOT", 0, len(source), source)
    parents = {0: root}
    for line in _printed(sql).splitlines():
        if line == "---":
            break
        found = _LINE.match(line)
        if found is None or found["kind"] == "SOURCE_FILE":
            continue
        depth = len(found["indent"]) // 2
        node = Node(found["kind"], int(found["start"]), int(found["end"]), source)
        parents[depth - 1].children.append(node)
        parents[depth] = node
    return root


def _printed(sql: str) -> str:
    if not sql.strip():
        return ""
    with tempfile.TemporaryDirectory(prefix="lint-") as folder:
        file = Path(folder) / "migration.sql"
        file.write_text(sql)
        output = run(command(SQUAWK, "--debug", "parse", file, timeout_seconds=60), accept=(0, 1)).output
    if "SOURCE_FILE@0.." not in output:
        raise Unknown(f"squawk gave no tree for {len(sql)} characters of SQL: {output[:300]}")
    return output
