"""Dangerous code, found by semgrep (JavaScript, TypeScript, Python) and bandit (Python), with no network."""

from __future__ import annotations

import datetime
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.commands import Say
from infra.scanners import Finding, ScanReport
from infra.scanners.bandit import SUFFIXES as PYTHON
from infra.scanners.bandit import look_with_bandit
from infra.scanners.programs import usual_places
from infra.scanners.semgrep import SUFFIXES as KNOWN
from infra.scanners.semgrep import look_with_semgrep
from infra.scanners.view import View, view_of
from infra.scanners.waivers import read_waivers, waive

# Languages of web apps for which there are no rules here. Said, so that it is not taken for clean.
_NO_RULES = {
    ".go": "Go",
    ".rb": "Ruby",
    ".php": "PHP",
    ".java": "Java",
    ".kt": "Kotlin",
    ".rs": "Rust",
    ".cs": "C#",
    ".ex": "Elixir",
    ".scala": "Scala",
    ".vue": "Vue",
    ".svelte": "Svelte",
}


@dataclass(frozen=True)
class Sast:
    """Reads the source as text; never runs any of it."""

    places: tuple[Path, ...] = field(default_factory=usual_places)
    timeout_seconds: float = 900
    name: str = "sast"

    def scan(self, folder: Path, say: Say) -> ScanReport:
        """`files` counts those in a language with rules; the note says how many of each kind there are.

        Raises BadInput when a tool is missing, CommandFailed or Unknown when it did not look.
        """
        started, today = time.monotonic(), datetime.date.today()
        waivers = read_waivers(folder, today)
        with view_of(folder) as view:
            found = set(_without_rules(view))
            if view.with_suffix(*KNOWN):
                found.update(look_with_semgrep(view, self.places, self.timeout_seconds, say))
            if view.with_suffix(*PYTHON):
                found.update(look_with_bandit(view, self.places, self.timeout_seconds, say))
        findings = tuple(sorted(found, key=lambda f: (f.path, f.line, f.rule)))
        files = len(view.with_suffix(*KNOWN))
        report = ScanReport(self.name, findings, files, time.monotonic() - started, _note(view))
        return waive(report, waivers, today)


def _without_rules(view: View) -> Iterator[Finding]:
    for suffix, count in sorted(Counter(file.suffix for file in view.files).items()):
        if suffix in _NO_RULES:
            first = str(view.with_suffix(suffix)[0])
            message = f"{count} {_NO_RULES[suffix]} files were not looked at: there are no rules for them here"
            yield Finding("sast", "language-without-rules", "medium", first, 1, message)


def _note(view: View) -> str:
    kinds = Counter(file.suffix for file in view.with_suffix(*KNOWN))
    counted = ", ".join(f"{count} {suffix}" for suffix, count in sorted(kinds.items())) or "none with rules"
    return f"semgrep and bandit: {counted}, of {len(view.files)} files"
