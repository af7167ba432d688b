"""Looks through the pending revisions of one branch, in their order, before any of them runs."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.migration_lint import Finding, LintReport, LintWaiver
from infra.migration_lint.rules import rules
from infra.migration_lint.squawk import remarks
from infra.migration_lint.statements import Known, broken_rules
from infra.migration_lint.tree import Node, Statement, parse, table_of
from infra.schema import Written
from migrations.backfill import is_marked

_REWRITES = {
    "require-concurrent-index-creation": "CREATE INDEX CONCURRENTLY, outside a transaction (an autocommit block)",
    "require-concurrent-index-deletion": "DROP INDEX CONCURRENTLY, outside a transaction (an autocommit block)",
    "constraint-missing-not-valid": "add it as NOT VALID, and VALIDATE CONSTRAINT in a later revision",
    "adding-foreign-key-constraint": "add it as NOT VALID, and VALIDATE CONSTRAINT in a later revision",
    "adding-field-with-default": "add a plain nullable column, then SET DEFAULT, then backfill it",
    "ban-concurrent-index-creation-in-transaction": "run it outside a transaction (an autocommit block)",
    "syntax-error": "mend the SQL; Postgres would refuse it too",
}
# What Alembic writes around each revision.
_TRANSACTIONS = ("BEGIN", "COMMIT_TRANSACTION", "COMMIT")


def lint(
    written: Sequence[Written], waivers: Sequence[LintWaiver] = (), today: datetime.date | None = None
) -> LintReport:
    """Every finding that no valid waiver covers. Tables made by these revisions are nobody's yet."""
    known, found, count = Known(), [], 0
    for one in written:
        statements = parse(one.sql)
        count += sum(1 for statement in statements if statement.node.kind not in _TRANSACTIONS)
        found += [*_way_back(one), *_own(one, statements, known), *_squawk(one, statements, known)]
        for statement in statements:
            known.learn(statement.node)
    kept, notes = _waive(found, waivers, today or datetime.date.today())
    return LintReport(tuple(kept), tuple(notes), len(written), count)


def _way_back(one: Written) -> Iterator[Finding]:
    if not one.revision.has_way_back:
        rule = "no-way-back-by-choice" if one.revision.reason else "no-way-back"
        yield from _finding(one, rule, 1, one.revision.reason)


def _own(one: Written, statements: list[Statement], known: Known) -> Iterator[Finding]:
    later = Known()
    for statement in statements:
        later.learn(statement.node)
    now = Known(set(known.tables), set(known.things), dict(known.checks), set(known.validated))
    filled = False
    for statement in statements:
        if filled and statement.node.kind not in _TRANSACTIONS:
            yield from _finding(one, "backfill-not-last", _line(one, statement.node))
        filled = filled or (statement.node.kind == "UPDATE" and is_marked(f"{statement.comments}\n"))
        for rule, part in broken_rules(statement, now, later.things - now.things):
            yield from _finding(one, rule, _line(one, part))
        now.learn(statement.node)


def _finding(one: Written, name: str, line: int, more: str = "") -> Iterator[Finding]:
    rule = rules()[name]
    if one.revision.branch == "contract" and not rule.on_contract:
        return
    if one.revision.branch == "expand" and name == "required-column-on-contract":
        return
    why = f"{rule.why}: {more}" if more else rule.why
    yield Finding(one.revision.file, line, one.revision.id, rule.name, why, rule.rewrite, rule.is_blocking)


def _squawk(one: Written, statements: list[Statement], known: Known) -> Iterator[Finding]:
    starts = [0]
    for text in one.sql.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    made = set(known.tables)
    for statement in statements:
        later = Known()
        later.learn(statement.node)
        made |= later.tables
    for remark in remarks(one.sql):
        place = starts[min(remark.line, len(starts) - 1)] + remark.column
        node = _at(statements, place)
        if node and remark.rule != "syntax-error" and table_of(node) in made:
            continue
        line = _line(one, node) if node else 1
        rewrite = _REWRITES.get(remark.rule, f"see https://squawkhq.com/docs/{remark.rule}")
        why = remark.message.strip().rstrip(".")
        yield Finding(one.revision.file, line, one.revision.id, remark.rule, why, rewrite, not remark.is_advice)


def _at(statements: list[Statement], place: int) -> Node | None:
    around = [one.node for one in statements if one.node.start <= place <= one.node.end]
    return min(around, key=lambda node: node.end - node.start, default=None)


def _line(one: Written, node: Node) -> int:
    """Where the file has the part's first line; a revision in Python writes its SQL in pieces, so it is looked for."""
    wanted = " ".join(node.text.strip().splitlines()[0].split()).rstrip(";")
    try:
        lines = [" ".join(line.split()) for line in Path(one.revision.file).read_text().splitlines()]
    except OSError:
        return 1
    return next((number for number, line in enumerate(lines, start=1) if wanted in line), 1)


def _waive(
    found: list[Finding], waivers: Sequence[LintWaiver], today: datetime.date
) -> tuple[list[Finding], list[str]]:
    kept, notes = [], []
    for finding in found:
        about = [one for one in waivers if (one.rule, one.revision) == (finding.rule, finding.revision)]
        valid = next((one for one in about if one.expires >= today), None)
        if valid:
            notes.append(f"{finding.rule} in {finding.revision} is waived until {valid.expires}: {valid.reason}")
            continue
        kept.append(finding)
        notes += [f"the waiver of {one.rule} in {one.revision} expired on {one.expires}" for one in about]
    return kept, list(dict.fromkeys(notes))
