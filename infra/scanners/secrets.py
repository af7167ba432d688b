"""Secrets in the source, found by kingfisher: no network, no live validation, and never the secret in a finding."""

from __future__ import annotations

import datetime
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.commands import Say, command, run
from infra.errors import Unknown
from infra.scanners import Finding, ScanReport, Severity
from infra.scanners.programs import find_program, search_path, usual_places
from infra.scanners.view import View, original, view_of
from infra.scanners.waivers import read_waivers, waive

RULES = Path(__file__).parent / "rules" / "secrets"
# No network, no look at the history (a checkout has none), nothing left out by size, confidence or comments.
_WORDS = (
    *("--quiet", "scan", "--no-update-check", "--no-validate", "--redact", "--git-history", "none"),
    *("--no-ignore", "--no-dedup", "--confidence", "low", "--max-file-size", "0", "--format", "json"),
)
FOUND_SOMETHING = 200  # kingfisher's exit code, https://mongodb.github.io/kingfisher/
# Kingfisher grades its rules by how sure a match is. A sure match is a leak; a weak one deserves a look.
_SEVERITY: dict[str, Severity] = {"high": "critical", "medium": "high", "low": "medium"}


@dataclass(frozen=True)
class Secrets:
    """Looks at the files of one version (not at the history behind it) with the built-in rules and our own few."""

    places: tuple[Path, ...] = field(default_factory=usual_places)
    timeout_seconds: float = 600
    name: str = "secrets"

    def scan(self, folder: Path, say: Say) -> ScanReport:
        """Raises BadInput when kingfisher is missing, CommandFailed or Unknown when it did not look at every file."""
        started, today = time.monotonic(), datetime.date.today()
        waivers = read_waivers(folder, today)
        program = find_program("kingfisher", self.places)
        with view_of(folder) as view:
            document = self._look(program, view, say)
        findings = tuple(sorted(map(_finding, document["findings"]), key=lambda f: (f.path, f.line, f.rule)))
        note = f"kingfisher: {_number(document, 'rules_applied')} rules, {len(view.files)} files; history not looked at"
        report = ScanReport(self.name, findings, len(view.files), time.monotonic() - started, note)
        return waive(report, waivers, today)

    def _look(self, program: Path, view: View, say: Say) -> dict[str, Any]:
        answer = view.folder.parent / "kingfisher.json"
        what = command(
            *(program, *_WORDS, "--rules-path", RULES, "--output", answer, "source"),
            folder=view.folder.parent,
            variables={"PATH": search_path(self.places)},
            timeout_seconds=self.timeout_seconds,
        )
        say(f"+ {what}")
        run(what, accept=(0, FOUND_SOMETHING))
        return read_answer(answer, at_least=1)


def read_answer(answer: Path, at_least: int) -> dict[str, Any]:
    """Kingfisher's report. Raises Unknown when it is not one, or when it looked at fewer than `at_least` contents
    (files with equal content count once, so the exact number of files cannot be asked for)."""
    try:
        document = json.loads(answer.read_text())
        contents, partial = _number(document, "blobs_scanned"), document["audit"]["summary"]
        list(map(_finding, document["findings"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unknown(
            f"kingfisher ended well but left no report that can be read: {type(error).__name__}: {error}",
            "run the command by hand and look at its output",
        ) from error
    if contents < at_least or partial["scan_succeeded"] != 1:
        raise Unknown(
            f"kingfisher looked at {contents} contents ({partial}), not at everything",
            "run the command by hand; nothing is known of what it left out",
        )
    return dict(document)


def _number(document: dict[str, Any], key: str) -> int:
    return int(document["metadata"]["summary"][key])


def _finding(raw: dict[str, Any]) -> Finding:
    rule, match = raw["rule"], raw["finding"]
    path = original(match["path"].removeprefix("./").removeprefix("source/"))
    severity = _SEVERITY.get(match["confidence"], "high")
    message = f"{rule['description']} Take it out, then replace the secret: whoever saw this version has it."
    return Finding("secrets", rule["id"], severity, path, int(match["line"]), message)
