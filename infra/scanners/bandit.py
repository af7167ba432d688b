"""Bandit, for Python files: `# nosec` and `.bandit` files do not switch it off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.commands import Say, command, run
from infra.errors import Unknown
from infra.scanners import Finding, Severity
from infra.scanners.programs import find_program, search_path
from infra.scanners.view import View, original

SUFFIXES = (".py",)
# B101 is `assert`, which is how pytest works; B404 is the import of subprocess, whose calls are looked at anyway.
_SKIPPED = "B101,B404"
_SEVERITY: dict[str, Severity] = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
_FOUND_SOMETHING = 1


def look_with_bandit(view: View, places: tuple[Path, ...], timeout_seconds: float, say: Say) -> list[Finding]:
    """What bandit finds in the view's Python files, and which of these it could not read.

    Raises BadInput when bandit is missing, CommandFailed or Unknown when it did not look.
    """
    answer = view.folder.parent / "bandit.json"
    program = find_program("bandit", places)
    what = command(
        *(program, "--recursive", "--quiet", "--ignore-nosec", "--skip", _SKIPPED, "--exclude", "//nothing"),
        *("--format", "json", "--output", answer, view.folder),
        folder=view.folder.parent,
        variables={"PATH": search_path(places)},
        timeout_seconds=timeout_seconds,
    )
    say(f"+ {what}")
    run(what, accept=(0, _FOUND_SOMETHING))
    try:
        document = json.loads(answer.read_text())
        return [*_findings(document, view), *_left_out(document, view)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unknown(
            f"bandit ended well but left no report that can be read: {type(error).__name__}: {error}",
            "run the command by hand and look at its output",
        ) from error


def _findings(document: dict[str, Any], view: View) -> Iterator[Finding]:
    for result in document["results"]:
        severity = _SEVERITY.get(result["issue_severity"], "high")
        path = _relative(result["filename"], view)
        rule = f"{result['test_id']}-{result['test_name']}"
        yield Finding("sast", rule, severity, path, int(result["line_number"]), str(result["issue_text"]))


def _left_out(document: dict[str, Any], view: View) -> Iterator[Finding]:
    failed = {_relative(error["filename"], view): error["reason"] for error in document["errors"]}
    for path, reason in failed.items():
        yield Finding("sast", "partly-scanned", "low", path, 1, f"bandit could not read it: {reason}")
    looked_at = {_relative(path, view) for path in document["metrics"]} | set(failed)
    for file in view.with_suffix(*SUFFIXES):
        if original(str(file)) not in looked_at:
            yield Finding("sast", "not-scanned", "high", str(file), 1, "bandit left this file out")


def _relative(path: str, view: View) -> str:
    return original(path.removeprefix(f"{view.folder}/"))
