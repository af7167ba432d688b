"""Backfills: an UPDATE of many rows, run in small batches by the order of a key, and resumed after any death.

A revision writes one as SQL that any other tool would run whole: a comment `-- backfill key=<column>` (and
`batch=<rows>`, 5000 when left out) on the line before `UPDATE <table> SET ... WHERE ...`. It is the last statement
of its revision and runs after that revision is committed.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from migrations.words import outer_words

BATCH_ROWS = 5_000
_LARGEST_BATCH = 100_000
_MARK = re.compile(r"^[ \t]*--[ \t]*backfill\b:?(?P<options>[^\n]*)(?:\n|\Z)", re.MULTILINE)
_OPTION = re.compile(r"(\w+)=(\S+)")
_NAME = r'(?:"[^"]+"|\w+)'
_HEAD = re.compile(
    rf"UPDATE\s+(?:ONLY\s+)?(?P<table>{_NAME}(?:\.{_NAME})?)(?:\s+(?:AS\s+)?(?P<alias>(?!SET\b){_NAME}))?\s+SET\b",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


class NotABackfill(ValueError):
    """What is marked as a backfill cannot be run as one; the text says why."""


@dataclass(frozen=True)
class Backfill:
    """`UPDATE table SET ... WHERE condition`, in batches of at most `batch` keys."""

    table: str
    row: str
    key: str
    update: str
    condition: str
    batch: int
    others: str = ""

    @property
    def left_over(self) -> str:
        """The question how many rows still meet the condition."""
        alias = self.row.split(".")[-1]
        rows = f"{self.table} AS {alias}" + (f", {self.others}" if self.others else "")
        return f"SELECT count(*) FROM {rows} WHERE {self.condition}"  # noqa: S608 # the author's own SQL

    def between(self, low: str, high: str) -> str:
        """The statement for keys over `low` and up to `high`, both written as SQL; an empty `low` means any."""
        column = f'{self.row}."{self.key}"'
        over = f" AND {column} > {low}" if low else ""
        return f"{self.update} WHERE ({self.condition}) AND {column} <= {high}{over}"


def is_marked(statement: str) -> bool:
    """Whether there is a backfill's comment anywhere in it."""
    return _MARK.search(statement) is not None


def parse_backfill(statement: str) -> Backfill:
    """What a marked statement asks for. Raises NotABackfill."""
    mark = _MARK.search(statement)
    if mark is None or any(outer_words(statement[: mark.start()])):
        raise NotABackfill("the comment `-- backfill` is not at its start; give the backfill a statement of its own")
    options = dict(_OPTION.findall(mark["options"]))
    if unknown := options.keys() - {"key", "batch"}:
        raise NotABackfill(f"unknown option {sorted(unknown)[0]!r}; there are key=<column> and batch=<rows>")
    text = statement[mark.end() :].strip().removesuffix(";").strip()
    update, others, condition = _parts(text)
    head = _HEAD.match(text)
    if head is None:
        raise NotABackfill(
            f"its statement must have the form of `UPDATE <table> SET ... WHERE ...`, not of {text[:60]!r}"  # noqa: S608 # a sentence
        )
    table = head["table"]
    return Backfill(table, head["alias"] or table, _key(options), update, condition, _batch(options), others)


def backfill(table: str, key: str, set_sql: str, where: str, batch: int = BATCH_ROWS) -> str:
    """The marked statement, for `op.execute(backfill("shifts", "id", "hours = ...", "hours IS NULL"))`."""
    statement = f"-- backfill key={key} batch={batch}\nUPDATE {table} SET {set_sql} WHERE {where}"
    parse_backfill(statement)
    return statement


def _parts(text: str) -> tuple[str, str, str]:
    """What is before the WHERE, the tables after FROM in it, and the condition."""
    words = list(outer_words(text))
    ends = [word for word in words if word.text.upper() in ("WHERE", "RETURNING") or word.text == ";"]
    if [word.text.upper() for word in ends] != ["WHERE"]:
        raise NotABackfill("it needs exactly one statement with a WHERE that rows already filled do not meet")
    where = ends[0].start
    # `a IS DISTINCT FROM b` names no table.
    froms = [
        two for one, two in itertools.pairwise(words) if two.text.upper() == "FROM" and one.text.upper() != "DISTINCT"
    ]
    others = next((text[one.start + len("FROM") : where].strip() for one in froms if one.start < where), "")
    return text[:where].strip(), others, text[where + len("WHERE") :].strip()


def _key(options: dict[str, str]) -> str:
    key = options.get("key", "")
    if not _COLUMN.fullmatch(key):
        raise NotABackfill("it names no key; write `-- backfill key=<the primary key's column>`")
    return key


def _batch(options: dict[str, str]) -> int:
    batch = options.get("batch", str(BATCH_ROWS))
    if not batch.isdigit() or not 1 <= int(batch) <= _LARGEST_BATCH:
        raise NotABackfill(f"batch={batch} must be a number from 1 to {_LARGEST_BATCH}")
    return int(batch)
