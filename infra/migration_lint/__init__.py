"""What a migration may not do beside a live version: found in its SQL before anything runs, with the safe rewrite."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing in one revision. A blocking one closes the gate; the others are advice."""

    file: str
    line: int
    revision: str
    rule: str
    why: str
    rewrite: str
    is_blocking: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.rule}: {self.why}. Instead: {self.rewrite}"


@dataclass(frozen=True)
class LintWaiver:
    """A finding that somebody accepts until a day, for a reason."""

    rule: str
    revision: str
    reason: str
    expires: datetime.date


@dataclass(frozen=True)
class LintReport:
    """`waived` are lines for people: what was accepted, and which waivers have expired."""

    findings: tuple[Finding, ...]
    waived: tuple[str, ...]
    revisions: int
    statements: int

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that close the gate."""
        return tuple(finding for finding in self.findings if finding.is_blocking)
