"""Reports become SARIF 2.1.0 that code hosts can show."""

from __future__ import annotations

import json

import pytest

from infra.scanners import Finding, ScanReport, Severity
from infra.scanners.sarif import to_sarif

REPORTS = (
    ScanReport(
        "sast",
        (
            Finding("sast", "js-eval", "high", "src/a.js", 3, "eval"),
            Finding("sast", "js-eval", "high", "src/b.js", 0, "eval"),
            Finding("sast", "partly-scanned", "low", "src/c.js", 1, "could not parse"),
        ),
        12,
        2.5,
        "12 files",
    ),
    ScanReport("secrets", (), 12, 1.0),
)


def test_each_report_is_a_run_also_when_it_is_clean() -> None:
    document = to_sarif(REPORTS)
    assert (document["version"], len(document["runs"])) == ("2.1.0", 2)
    assert document["runs"][1]["results"] == []
    assert document["runs"][1]["invocations"] == [{"executionSuccessful": True}]


def test_every_result_points_to_its_rule_and_to_a_line_from_one() -> None:
    run = to_sarif(REPORTS)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
    assert [rule["id"] for rule in rules] == ["js-eval", "partly-scanned"]


@pytest.mark.parametrize(
    ("severity", "level", "at_least"),
    [("critical", "error", 9.1), ("high", "error", 7), ("medium", "warning", 4), ("low", "note", 0.1)],
)
def test_a_severity_keeps_its_weight(severity: Severity, level: str, at_least: float) -> None:
    finding = Finding("sast", "r", severity, "a", 1, "m")
    run = to_sarif([ScanReport("sast", (finding,), 1, 0.1)])["runs"][0]
    rule = run["tool"]["driver"]["rules"][0]
    assert run["results"][0]["level"] == rule["defaultConfiguration"]["level"] == level
    assert float(rule["properties"]["security-severity"]) >= at_least


def test_a_finding_keeps_its_fingerprint_when_lines_move_and_the_document_is_json() -> None:
    def fingerprint(line: int) -> str:
        document = to_sarif([ScanReport("sast", (Finding("sast", "r", "low", "a", line, "m"),), 1, 0.1)])
        return str(json.loads(json.dumps(document))["runs"][0]["results"][0]["partialFingerprints"]["pipeline/v1"])

    assert fingerprint(3) == fingerprint(30)
