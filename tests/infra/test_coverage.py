"""Coverage reports of four kinds are read; those that measured nothing are refused by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.coverage import CoverageReport, read_coverage
from infra.errors import BadInput

COVERAGE_PY = json.dumps({"meta": {}, "files": {}, "totals": {"covered_lines": 30, "num_statements": 40}})
ISTANBUL = json.dumps({"total": {"lines": {"total": 40, "covered": 30, "skipped": 0, "pct": 75}}})
LCOV = "TN:\nSF:a.js\nDA:1,1\nLF:30\nLH:25\nend_of_record\nSF:b.js\nLF:10\nLH:5\nend_of_record\n"
COBERTURA = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage lines-valid="40" lines-covered="30" line-rate="0.75"><packages/></coverage>"""
COUNTED = (
    '<coverage line-rate="0.5"><packages><lines><line number="1" hits="2"/><line number="2" hits="0"/>'
    "</lines></packages></coverage>"
)
ENTITIES = (
    '<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><coverage lines-valid="1" lines-covered="1">&b;</coverage>'
)


def written(folder: Path, text: str) -> Path:
    (folder / "report").write_text(text)
    return folder / "report"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (COVERAGE_PY, "coverage.py"),
        (ISTANBUL, "Istanbul"),
        (LCOV, "lcov"),
        (LCOV[4:], "lcov"),
        (COBERTURA, "Cobertura"),
    ],
)
def test_each_kind_is_told_by_its_content(tmp_path: Path, text: str, kind: str) -> None:
    assert read_coverage(written(tmp_path, text)) == CoverageReport(75.0, 30, 40, kind)


def test_a_cobertura_report_without_totals_is_counted_line_by_line(tmp_path: Path) -> None:
    assert read_coverage(written(tmp_path, COUNTED)) == CoverageReport(50.0, 1, 2, "Cobertura")


def test_what_coverage_py_itself_writes_is_read_alike_in_three_formats(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def f(x):\n    if x:\n        return 1\n    return 2\n\n\nf(1)\n")

    def coverage(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "coverage", *words], cwd=tmp_path, check=True, capture_output=True)

    coverage("run", "app.py")
    for kind in ("json", "lcov", "xml"):
        coverage(kind, "-o", f"out.{kind}")
    reports = [read_coverage(tmp_path / f"out.{kind}") for kind in ("json", "lcov", "xml")]
    assert [(report.covered, report.total) for report in reports] == [(4, 5)] * 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("hello", "no format that is known"),
        ("{", "not a whole Istanbul report"),
        ("{}", "not a whole Istanbul report"),
        ('{"totals": {"covered_lines": 0, "num_statements": 0}}', "measured no line"),
        ('{"totals": {"covered_lines": NaN, "num_statements": 5}}', "nan is not a count"),
        ('{"totals": {"covered_lines": "5", "num_statements": 5}}', "'5' is not a count"),
        ('{"totals": {"covered_lines": 6, "num_statements": 5}}', "6 of 5"),
        ('{"totals": {"covered_lines": -1, "num_statements": 5}}', "-1 of 5"),
        ('{"total": {"lines": {"total": 0, "covered": 0, "pct": "Unknown"}}}', "measured no line"),
        ('{"total": {"lines": {"total": "Unknown", "covered": 0}}}', "'Unknown' is not a count"),
        ("TN:\nSF:a.js\nLF:0\nLH:0\nend_of_record\n", "measured no line"),
        ("TN:\nSF:a.js\nLF:3\nLH:1\n", "cut short"),
        ("TN:\nSF:a.js\nLF:x\nLH:1\nend_of_record\n", "not a whole lcov report"),
        ('<coverage lines-valid="0" lines-covered="0"/>', "measured no line"),
        ("<coverage/>", "measured no line"),
        ('<coverage lines-valid="NaN" lines-covered="0"/>', "not a whole Cobertura report"),
        ('<coverage lines-valid="5" lines-covered="5">', "not a whole Cobertura report"),
        ("<html>404</html>", "the root element is <html>"),
        (ENTITIES, "declares the entity a"),
    ],
)
def test_a_report_that_proves_nothing_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as caught:
        read_coverage(written(tmp_path, text))
    assert caught.value.field == str(tmp_path / "report")
    assert caught.value.hint


def test_a_missing_report_says_that_the_command_wrote_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wrote no report"):
        read_coverage(tmp_path / "nothing.json")


def test_a_folder_in_place_of_a_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_coverage(tmp_path)
