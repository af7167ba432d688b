"""Dangerous code is found, harmless code beside it is not, and nothing in the app's repository switches this off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from infra.errors import BadInput, CommandFailed, Unknown
from infra.scanners import ScanReport
from infra.scanners.programs import usual_places
from infra.scanners.sast import Sast
from infra.scanners.semgrep import RULES
from tests.infra.scanners.samples import SAMPLES


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ScanReport:
    """One scan of all samples, bad and good; starting semgrep costs seconds, a file costs nothing."""
    source = tmp_path_factory.mktemp("source")
    for rule, (suffix, bad, good) in SAMPLES.items():
        (source / f"{rule}-bad.{suffix}").write_text(bad)
        (source / f"{rule}-good.{suffix}").write_text(good)
    tests = source / "tests"
    tests.mkdir()
    (tests / "ignored.js").write_text("eval(input); // nosemgrep\n")
    (tests / "ignored.py").write_text("import yaml\nyaml.load(open('x'))  # nosec\n")
    (source / ".semgrepignore").write_text("*\n")
    (source / ".gitignore").write_text("*\n")
    (source / ".bandit").write_text("[bandit]\nexclude: /\nskips: B506\n")
    (source / "big.js").write_text("eval(input);\n//" + "x" * 1_100_000)
    (source / "broken.js").write_text("function ( { eval(x\n")
    (source / "main.go").write_text("package main\n")
    for skipped in ("node_modules", ".venv", ".git"):
        (source / skipped).mkdir()
        (source / skipped / "dep.js").write_text("eval(input);\n")
    return Sast().scan(source, quiet)


def rules_in(report: ScanReport, path: str) -> set[str]:
    return {finding.rule for finding in report.findings if finding.path == path}


@pytest.mark.parametrize("rule", SAMPLES)
def test_each_rule_finds_its_bad_sample(report: ScanReport, rule: str) -> None:
    assert rule in rules_in(report, f"{rule}-bad.{SAMPLES[rule][0]}")


@pytest.mark.parametrize("rule", SAMPLES)
def test_each_rule_leaves_its_good_sample_alone(report: ScanReport, rule: str) -> None:
    assert rule not in rules_in(report, f"{rule}-good.{SAMPLES[rule][0]}")


def test_every_rule_in_the_files_has_a_sample() -> None:
    written = [
        rule["id"] for file in sorted(RULES.glob("*.yaml")) for rule in yaml.safe_load(file.read_text())["rules"]
    ]
    assert sorted(written) == sorted(SAMPLES)


def test_comments_and_ignore_files_in_the_repository_hide_nothing(report: ScanReport) -> None:
    assert "js-eval" in rules_in(report, "tests/ignored.js")
    assert "B506-yaml_load" in rules_in(report, "tests/ignored.py")


def test_a_file_over_semgreps_usual_limit_of_one_megabyte_is_looked_at(report: ScanReport) -> None:
    assert "js-eval" in rules_in(report, "big.js")


def test_a_file_that_cannot_be_parsed_is_named(report: ScanReport) -> None:
    assert "partly-scanned" in rules_in(report, "broken.js")


def test_a_language_without_rules_is_said(report: ScanReport) -> None:
    assert "language-without-rules" in rules_in(report, "main.go")


def test_dependencies_and_git_are_left_out(report: ScanReport) -> None:
    assert not [f for f in report.findings if f.path.startswith(("node_modules", ".venv", ".git/"))]


def test_the_report_counts_the_files_that_it_looked_at(report: ScanReport) -> None:
    assert report.files == 2 * len(SAMPLES) + 4
    assert ".tsx" in report.note


def test_an_error_in_a_rule_is_high_and_a_warning_medium(report: ScanReport) -> None:
    severities = {finding.rule: finding.severity for finding in report.findings}
    assert (severities["js-eval"], severities["js-weak-hash"]) == ("high", "medium")


def test_a_folder_without_code_counts_no_file(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("hello")
    report = Sast().scan(tmp_path, quiet)
    assert (report.files, report.findings) == (0, ())


def test_a_missing_tool_is_an_error_and_not_clean(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1;")
    with pytest.raises(BadInput, match="scanner semgrep"):
        Sast(places=(tmp_path,)).scan(tmp_path, quiet)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("exit 2", CommandFailed),
        ("exit 0", Unknown),
        ("echo '[]' > semgrep.json", Unknown),
        ("echo '{\"results\": []}' > semgrep.json", Unknown),
        ("sleep 30", Unknown),
    ],
)
def test_a_semgrep_that_leaves_no_report_is_an_error_and_not_clean(
    tmp_path: Path, script: str, error: type[Exception]
) -> None:
    tools, source = tmp_path / "tools", tmp_path / "source"
    tools.mkdir()
    source.mkdir()
    (source / "a.js").write_text("1;")
    (tools / "semgrep").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "semgrep").chmod(0o755)
    with pytest.raises(error):
        Sast(places=(tools, *usual_places()), timeout_seconds=2).scan(source, quiet)


def test_a_file_that_semgrep_passed_over_is_a_finding(tmp_path: Path) -> None:
    tools, source = tmp_path / "tools", tmp_path / "source"
    tools.mkdir()
    source.mkdir()
    (source / "a.js").write_text("1;")
    answer = json.dumps({"results": [], "errors": [], "paths": {"scanned": []}})
    (tools / "semgrep").write_text(f"#!/bin/sh\necho '{answer}' > semgrep.json\n")
    (tools / "semgrep").chmod(0o755)
    report = Sast(places=(tools, *usual_places())).scan(source, quiet)
    assert [(f.rule, f.severity, f.path) for f in report.findings] == [("not-scanned", "high", "a.js")]
