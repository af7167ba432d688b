"""Reports as one SARIF 2.1.0 document, which code hosts show as annotations beside the lines.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/ and GitHub's list of the properties that it reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from infra.scanners import Finding, ScanReport, Severity

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL: dict[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# GitHub grades by this number: over 9 is critical, from 7 high, from 4 medium.
_SCORE: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}


def to_sarif(reports: Iterable[ScanReport]) -> dict[str, Any]:
    """One run for each report, clean ones too: a run without results says that it looked."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report) for report in reports]}


def _run(report: ScanReport) -> dict[str, Any]:
    worst: dict[str, Finding] = {}
    for finding in report.findings:
        held = worst.setdefault(finding.rule, finding)
        if float(_SCORE[finding.severity]) > float(_SCORE[held.severity]):
            worst[finding.rule] = finding
    order = {rule: index for index, rule in enumerate(sorted(worst))}
    return {
        "tool": {"driver": {"name": report.scanner, "rules": [_rule(worst[rule]) for rule in order]}},
        "automationDetails": {"id": f"pipeline/{report.scanner}/"},
        "invocations": [{"executionSuccessful": True}],
        "properties": {"files": report.files, "seconds": report.seconds, "note": report.note},
        "results": [_result(finding, order) for finding in report.findings],
    }


def _rule(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.rule,
        "shortDescription": {"text": finding.rule},
        "fullDescription": {"text": finding.message},
        "defaultConfiguration": {"level": _LEVEL[finding.severity]},
        "properties": {"security-severity": _SCORE[finding.severity], "tags": ["security"]},
    }


def _result(finding: Finding, order: dict[str, int]) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": finding.path}, "region": {"startLine": max(1, finding.line)}}
    same = hashlib.sha256(f"{finding.rule}\n{finding.path}\n{finding.message}".encode()).hexdigest()
    return {
        "ruleId": finding.rule,
        "ruleIndex": order[finding.rule],
        "level": _LEVEL[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"pipeline/v1": same},
    }
