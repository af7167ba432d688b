"""What a stage found, in a line, in some more, and beside the lines of the code that it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from infra.code_review import Level, Remark
from infra.coverage import CoverageReport
from infra.errors import PipelineError
from infra.scanners import SEVERITIES, Finding, ScanReport, Severity
from tasks.code_review.words import clean, fenced
from tasks.release import Release

LONGEST_TITLE = 200
# This is done in the release's own time: a report without end must not cost any.
MOST_REMARKS = 200
LEVELS: dict[Severity, Level] = {"low": "notice", "medium": "warning", "high": "failure", "critical": "failure"}
# `path:line: text`, as pytest, tsc, eslint and compilers write it; `File "path", line N`, as Python does;
# `(path:line:column)` and `path(line,column)`, as Node does.
PLACES = (
    re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)(?P<said>.*)'),
    re.compile(r"(?P<path>[\w./@+-]+\.\w+):(?P<line>\d+)(?::\d+)?\)?:?(?P<said>.*)"),
    re.compile(r"(?P<path>[\w./@+-]+\.\w+)\((?P<line>\d+),\d+\):?(?P<said>.*)"),
)


@dataclass(frozen=True)
class Facts:
    """For a check: no secret in any of it."""

    title: str
    text: str = ""
    remarks: tuple[Remark, ...] = ()


def facts_of_result(result: object) -> Facts:
    """Of a stage that ended well."""
    if isinstance(result, ScanReport):
        title = f"{len(result.findings)} findings in {result.files} files"
        worst = sorted(result.findings, key=lambda one: SEVERITIES.index(one.severity), reverse=True)
        return _clean(title, result.note, [_of_finding(finding) for finding in worst[:MOST_REMARKS]])
    if isinstance(result, CoverageReport):
        return _clean(f"{result.percent:.1f} % of {result.total} are covered", "", [])
    return _clean(result if isinstance(result, str) and result else "done", "", [])


def facts_of_failure(release: Release, failure: BaseException) -> Facts:
    """Of a stage that did not. Remarks are only about files that the version has."""
    if not isinstance(failure, Exception):
        return Facts("somebody cancelled it")
    text = str(failure) if isinstance(failure, PipelineError) else f"{type(failure).__name__}: {failure}"
    lines = text.strip().splitlines()
    return _clean(lines[0] if lines else type(failure).__name__, text, _places_in(text, Path(release.folder)))


def _clean(title: str, text: str, remarks: list[Remark]) -> Facts:
    found = [Remark(clean(one.path), one.line, one.level, clean(one.title), clean(one.message)) for one in remarks]
    line = " ".join(clean(title).split())
    return Facts(line[:LONGEST_TITLE], fenced(text) if text else line, tuple(dict.fromkeys(found)))


def _of_finding(finding: Finding) -> Remark:
    title = f"{finding.scanner}: {finding.rule} ({finding.severity})"
    return Remark(finding.path, max(1, finding.line), LEVELS[finding.severity], title, finding.message)


def _places_in(text: str, folder: Path) -> list[Remark]:
    found = []
    for line in clean(text).splitlines():
        for pattern in PLACES:
            match = pattern.search(line)
            path = _known(match["path"], folder) if match else ""
            if match and path:
                said = match["said"].strip(" ,:)") or line.strip()
                found.append(Remark(path, max(1, int(match["line"][:9])), "failure", "failed here", said))
                break
    return found


def _known(path: str, folder: Path) -> str:
    """The path in the source: tests run in a copy of it, and name their files from wherever they stand."""
    parts = Path(path).parts
    for first in range(len(parts)):
        tail = Path(*parts[first:])
        if not tail.is_absolute() and ".." not in tail.parts and (folder / tail).is_file():
            return str(tail)
    return ""
