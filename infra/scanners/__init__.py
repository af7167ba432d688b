"""Security scanners: each looks at a folder of source and reports findings in one common form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from infra.commands import Say

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True)
class Finding:
    """One thing a scanner dislikes. Never carries the secret itself. `path` is relative to the source."""

    scanner: str
    rule: str
    severity: Severity
    path: str
    line: int
    message: str


@dataclass(frozen=True)
class ScanReport:
    """What a scanner looked at and found. `files` = 0 means that it saw nothing, which is not the same as clean."""

    scanner: str
    findings: tuple[Finding, ...]
    files: int
    seconds: float
    note: str = ""


class Scanner(Protocol):
    """One kind of look."""

    @property
    def name(self) -> str:
        """What people call it: secrets, sast, dependencies."""

    def scan(self, folder: Path, say: Say) -> ScanReport:
        """Look at everything below `folder`. Raises CommandFailed or Unknown when it could not look:
        a scanner that did not run is never clean."""
