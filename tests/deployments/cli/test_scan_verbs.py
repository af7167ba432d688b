"""A version is scanned without a release: what closes the gate, what only reports, and what is never clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apps import commit
from typer.testing import CliRunner

from deployments.cli import exit_codes
from deployments.cli.application import app

BAD = {"requirements.lock": "pyyaml==5.3 \\\n    --hash=sha256:00\n"}
GOOD = {"requirements.lock": "pyyaml==6.0.3\n"}
KNOWN = "GHSA-8q59-q68h-6hv4"
RECORD = {
    "id": "GHSA-1111-2222-3333",
    "summary": "made up",
    "modified": "2026-11-01T00:00:00Z",
    "database_specific": {"severity": "HIGH"},
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "pyyaml"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


def scan(repository: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["scan", "--repo", str(repository), "--only", "dependencies", *words])
    return done.exit_code, done.output


def test_a_finding_closes_the_gate_and_a_report_only_tells_it(tmp_path: Path) -> None:
    commit(tmp_path / "app", "v1", BAD)
    sarif = tmp_path / "out" / "scan.sarif"
    code, said = scan(tmp_path / "app", "--sarif", str(sarif))
    assert code == exit_codes.GATE_CLOSED
    assert f"critical: requirements.lock:1 {KNOWN}" in said
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    assert KNOWN in {one["ruleId"] for one in results}
    code, said = scan(tmp_path / "app", "--report-only")
    assert code == exit_codes.OK
    assert KNOWN in said


def test_the_commit_is_scanned_and_not_what_lies_beside_it(tmp_path: Path) -> None:
    commit(tmp_path / "app", "v1", BAD)
    commit(tmp_path / "app", "v2", GOOD)
    (tmp_path / "app" / "requirements.lock").write_text("pyyaml==5.3\n")
    assert scan(tmp_path / "app")[0] == exit_codes.OK
    assert scan(tmp_path / "app", "--ref", "v1")[0] == exit_codes.GATE_CLOSED


def test_a_scanner_that_could_not_look_is_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "app", "v1", GOOD)
    monkeypatch.setenv("PIPELINE_ADVISORIES", str(tmp_path / "none.json"))
    assert scan(tmp_path / "app", "--report-only")[0] not in (exit_codes.OK, exit_codes.GATE_CLOSED)


@pytest.mark.parametrize("words", [("--only", "everything"), ("--severity", "awful"), ("--ref", "no-such-ref")])
def test_what_cannot_be_scanned_is_refused(tmp_path: Path, words: tuple[str, str]) -> None:
    commit(tmp_path / "app", "v1", GOOD)
    done = CliRunner().invoke(app, ["scan", "--repo", str(tmp_path / "app"), *words])
    assert words[1] in str(done.exception)


def test_newer_advisories_are_what_is_scanned_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "app", "v1", GOOD)
    (tmp_path / "record.json").write_text(json.dumps(RECORD))
    newer = tmp_path / "state" / "advisories.json"
    words = ["refresh-advisories", "--out", str(newer), "--source", str(tmp_path / "record.json")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == exit_codes.OK, done.output
    assert "1 advisories as of 2026-11-01" in done.output
    assert scan(tmp_path / "app")[0] == exit_codes.OK
    monkeypatch.setenv("PIPELINE_ADVISORIES", str(newer))
    code, said = scan(tmp_path / "app")
    assert code == exit_codes.GATE_CLOSED
    assert "GHSA-1111-2222-3333" in said
