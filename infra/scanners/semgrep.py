"""Semgrep with the rules in `rules/code`, and nothing from the network (a rule set by name would make it hang)."""

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

RULES = Path(__file__).parent / "rules" / "code"
SUFFIXES = (".js", ".jsx", ".cjs", ".mjs", ".ts", ".tsx", ".cts", ".mts", ".py", ".pyi")
_SEVERITY: dict[str, Severity] = {"ERROR": "high", "WARNING": "medium", "INFO": "low"}
# Text that is no valid code is no danger by itself. Every other error (Timeout, OutOfMemory, ...) is semgrep giving up.
_UNPARSED = ("PartialParsing", "Syntax error", "ParseError", "Lexical error", "LexicalError", "AstBuilderError")
_WORDS = (
    *("scan", "--metrics", "off", "--disable-version-check", "--oss-only", "--no-rewrite-rule-ids"),
    *("--disable-nosem", "--no-git-ignore", "--max-target-bytes", "0", "--timeout", "30"),
)


def look_with_semgrep(view: View, places: tuple[Path, ...], timeout_seconds: float, say: Say) -> list[Finding]:
    """What the rules find in the view's JavaScript, TypeScript and Python files, and which of these were left out.

    Raises BadInput when semgrep is missing, CommandFailed or Unknown when it did not look.
    """
    answer = view.folder.parent / "semgrep.json"
    (view.folder / ".semgrepignore").write_text("")  # without one, semgrep leaves out tests and minified files
    what = command(
        *(find_program("semgrep", places), *_WORDS, "--config", RULES, "--json-output", answer, view.folder),
        folder=view.folder.parent,
        variables={"PATH": search_path(places), "HOME": str(view.folder.parent)},  # it writes settings and a log
        timeout_seconds=timeout_seconds,
    )
    say(f"+ {what}")
    run(what)
    document = _read(answer)
    wanted = {str(file) for file in view.with_suffix(*SUFFIXES)}
    try:
        return [*_findings(document, view), *_left_out(document, view, wanted)]
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(error) from error


def _read(answer: Path) -> dict[str, Any]:
    try:
        document = json.loads(answer.read_text())
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error
    if not isinstance(document, dict):
        raise _unreadable(TypeError(f"a {type(document).__name__}, not a table"))
    return document


def _unreadable(error: Exception) -> Unknown:
    return Unknown(
        f"semgrep ended well but left no report that can be read: {type(error).__name__}: {error}",
        "run the command by hand and look at its output",
    )


def _findings(document: dict[str, Any], view: View) -> Iterator[Finding]:
    for result in document["results"]:
        extra = result["extra"]
        severity = _SEVERITY.get(extra["severity"], "high")
        path = _relative(result["path"], view)
        yield Finding("sast", result["check_id"], severity, path, int(result["start"]["line"]), extra["message"])


def _left_out(document: dict[str, Any], view: View, wanted: set[str]) -> Iterator[Finding]:
    """Files that semgrep never opened or gave up on (high: nothing is known of them), or could not parse all of."""
    looked_at = {_relative(path, view) for path in document["paths"]["scanned"]}
    for path in sorted({original(file) for file in wanted} - looked_at):
        yield Finding("sast", "not-scanned", "high", path, 1, "semgrep left this file out; nothing is known of it")
    for error in document["errors"]:
        path = _relative(error.get("path", "."), view)
        kind = error["type"] if isinstance(error["type"], str) else error["type"][0]
        severity: Severity = "low" if kind in _UNPARSED else "high"
        message = f"semgrep did not look at all of it ({kind}): {' '.join(str(error['message']).split())[:200]}"
        yield Finding("sast", "partly-scanned", severity, path, 1, message)


def _relative(path: str, view: View) -> str:
    return original(path.removeprefix(f"{view.folder}/"))
