"""A finding says where and what instead, waivers end, and every revision needs a way back or a reason."""

from __future__ import annotations

import datetime
from pathlib import Path

from infra.migration_lint import LintWaiver
from infra.migration_lint.lint import lint
from infra.migration_lint.rules import BY_KIND, rules
from infra.schema import Revision, Written

DROP = "ALTER TABLE users DROP COLUMN email;\n"
TODAY = datetime.date(2026, 3, 1)


def written(folder: Path, sql: str, name: str = "0001", **more: object) -> Written:
    file = folder / f"{name}.py"
    file.write_text(f'"""Try."""\n\n\ndef upgrade():\n    op.execute("{sql.strip()}")\n')
    settings = {"has_way_back": True, "reason": "", "file": str(file), **more}
    return Written(Revision(name, "expand", "try", **settings), sql, "digest")  # type: ignore[arg-type] # as given


def test_a_finding_names_file_line_rule_and_the_safe_rewrite(tmp_path: Path) -> None:
    one = written(tmp_path, DROP)
    (finding,) = lint([one]).findings
    assert (finding.file, finding.line, finding.revision) == (one.revision.file, 5, "0001")
    assert "drop it in a contract revision" in str(finding)
    assert str(finding).startswith(f"{one.revision.file}:5 drop-on-expand: ")


def test_a_table_made_by_an_earlier_pending_revision_is_nobodys_yet(tmp_path: Path) -> None:
    make = written(tmp_path, "CREATE TABLE t (id bigint);\n", "0001")
    index = written(tmp_path, "CREATE UNIQUE INDEX i ON t (id); ALTER TABLE t ALTER id TYPE int;\n", "0002")
    assert lint([make, index]).blocking == ()
    assert {finding.rule for finding in lint([index]).blocking} >= {"unique-on-existing", "change-type"}


def test_a_waiver_counts_until_its_day_and_is_never_silent(tmp_path: Path) -> None:
    waiver = LintWaiver("drop-on-expand", "0001", "nobody reads it since March", TODAY)
    report = lint([written(tmp_path, DROP)], [waiver], TODAY)
    assert report.findings == ()
    assert report.waived == ("drop-on-expand in 0001 is waived until 2026-03-01: nobody reads it since March",)
    report = lint([written(tmp_path, DROP)], [waiver], TODAY + datetime.timedelta(days=1))
    assert len(report.blocking) == 1
    assert report.waived == ("the waiver of drop-on-expand in 0001 expired on 2026-03-01",)


def test_a_waiver_of_another_revision_or_rule_does_not_count(tmp_path: Path) -> None:
    others = [LintWaiver("drop-on-expand", "0002", "x", TODAY), LintWaiver("rename", "0001", "x", TODAY)]
    assert len(lint([written(tmp_path, DROP)], others, TODAY).blocking) == 1


def test_a_revision_needs_a_way_back_or_a_reason(tmp_path: Path) -> None:
    sql = "CREATE TYPE mood AS ENUM ('good');\n"
    (without,) = lint([written(tmp_path, sql, has_way_back=False)]).findings
    assert (without.rule, without.is_blocking) == ("no-way-back", True)
    (chosen,) = lint([written(tmp_path, sql, has_way_back=False, reason="Postgres keeps enum values")]).findings
    assert (chosen.rule, chosen.is_blocking) == ("no-way-back-by-choice", False)
    assert "Postgres keeps enum values" in chosen.why


def test_nothing_pending_is_nothing_to_say() -> None:
    report = lint([])
    assert (report.findings, report.revisions, report.statements) == ((), 0, 0)


def test_every_part_of_sql_that_is_looked_for_has_a_rule() -> None:
    assert set(BY_KIND.values()) <= rules().keys()
    assert all(rule.why and rule.rewrite for rule in rules().values())
