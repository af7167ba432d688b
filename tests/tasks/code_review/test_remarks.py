"""What a stage found, beside the lines that it is about: only files of the version, and no secret in any word."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.coverage import CoverageReport
from infra.redaction import remember_secrets
from infra.scanners import Finding, ScanReport
from tasks.code_review.remarks import facts_of_failure, facts_of_result
from tasks.code_review.words import LINE_LOOKED_THROUGH, check_id, clean, code, fenced
from tasks.outcomes import GateClosed
from tasks.release import Release

PLACES = {
    "pytest": ("tests/test_app.py:12: AssertionError", ("tests/test_app.py", 12, "AssertionError")),
    "a copy": ("/state/checks/v1/unit/tests/test_app.py:7: in f", ("tests/test_app.py", 7, "in f")),
    "Python": ('  File "/copy/app.py", line 3, in <module>', ("app.py", 3, "in <module>")),
    "Node": ("    at Object.<anonymous> (/copy/src/app.test.js:9:13)", ("src/app.test.js", 9, "")),
    "tsc": ("src/app.ts(4,7): error TS2322: no", ("src/app.ts", 4, "error TS2322: no")),
}


@pytest.fixture
def release(tmp_path: Path) -> Release:
    for name in ("tests/test_app.py", "app.py", "src/app.test.js", "src/app.ts"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return Release("v1-0123", "local", "app", "repo", "v1", "a" * 40, "v1", str(tmp_path))


@pytest.mark.parametrize("tool", PLACES)
def test_a_failing_test_is_found_at_its_line(release: Release, tool: str) -> None:
    line, (path, number, said) = PLACES[tool]
    (remark,) = facts_of_failure(release, GateClosed(f"unit tests at v1: it exited 1: first\n{line}\nlast")).remarks
    assert (remark.path, remark.line) == (path, number)
    assert remark.message.endswith(said)


@pytest.mark.parametrize(
    "line", ["/usr/lib/python3/json.py:12: in loads", "../../etc/passwd.py:1: x", "http://127.0.0.1:80/app.py", "1.2:3"]
)
def test_what_is_no_file_of_the_version_is_not_remarked(release: Release, line: str) -> None:
    assert facts_of_failure(release, GateClosed(f"unit tests: {line}")).remarks == ()


def test_findings_are_remarked_by_their_severity(release: Release) -> None:
    findings = tuple(
        Finding("secrets", "aws-key", severity, "app.py", line, "a key")
        for line, severity in enumerate(("low", "medium", "high", "critical"))
    )
    report = ScanReport("secrets", findings, 4, 0.1, "kingfisher")
    facts = facts_of_result(report)
    assert facts.title == "4 findings in 4 files"
    assert [(one.level, one.line) for one in facts.remarks] == [
        ("failure", 3), ("failure", 2), ("warning", 1), ("notice", 1),
    ]  # fmt: skip


def test_a_report_without_end_costs_no_time_and_the_worst_comes_first(release: Release) -> None:
    some = [Finding("sast", "rule", "low", "app.py", line, "x") for line in range(1, 20_000)]
    worst = Finding("sast", "rule", "critical", "app.py", 7, "this one")
    began = time.monotonic()
    facts = facts_of_result(ScanReport("sast", (*some, worst), 1, 0.1))
    failure = facts_of_failure(release, GateClosed("a" * 2_000_000 + "\n" + "app.py:1: x\n" * 100_000))
    assert time.monotonic() - began < 10
    assert (len(facts.remarks), facts.remarks[0].message) == (200, "this one")
    assert len(failure.text) < 21_000


def test_a_result_is_told_in_a_line(release: Release) -> None:
    assert facts_of_result("passed in 1.0 s").title == "passed in 1.0 s"
    assert facts_of_result(CoverageReport(81.5, 8, 10, "lcov")).title == "81.5 % of 10 are covered"
    assert facts_of_result({"anything": "else"}).title == "done"
    assert facts_of_failure(release, KeyboardInterrupt()).title == "somebody cancelled it"


def test_passwords_are_gone_and_nobody_is_called_by_name(release: Release) -> None:
    text = "unit tests failed\npostgresql://app:planted-pw@db/app @everybody\n```\n@everybody\n````"
    facts = facts_of_failure(release, GateClosed(text))
    assert "planted-pw" not in f"{facts}"
    fence = "`" * 5
    assert facts.text.startswith(f"\n{fence}text\n")
    assert facts.text.endswith(f"\n{fence}")


def test_no_line_is_cut_within_a_secret() -> None:
    first, second = "f" * 3_600, "second-planted-4711"
    remember_secrets([first, second])
    line = f"{first} {'x ' * 193}{second}"
    assert LINE_LOOKED_THROUGH - len(second) < line.index(second) < LINE_LOOKED_THROUGH
    assert "***" in clean(line)
    assert "second" not in clean(line)
    assert clean("a" * 1_000_000) == "..."


@given(st.text(), st.text())
def test_no_text_ends_its_own_block_or_line(some: str, more: str) -> None:
    text = f"{some}`{more}"
    whole = fenced(text)
    fence = whole.strip("\n").partition("text\n")[0]
    assert set(fence) == {"`"}
    assert fence not in text
    assert code(text)[1:-1].count("`") == 0


def test_the_id_of_a_check_is_the_same_in_every_attempt(release: Release) -> None:
    assert check_id(release, "canary 20 %") == "v1-0123/canary-20"
