"""`.pipeline-waivers.toml` in an app's repository: findings that somebody accepts, with a reason and an end date.

Expired waivers do not count, and no waiver is silent: each one that was used stands in the report's note.
"""

from __future__ import annotations

import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import Field, field_validator

from infra.config import Part, parse_table, read_toml
from infra.errors import BadInput
from infra.scanners import Finding, ScanReport

FILE_NAME = ".pipeline-waivers.toml"
LONGEST_DAYS = 366  # accepted risk is looked at again at least once a year


class Waiver(Part):
    """One accepted finding. `path` may hold `*`; `rule` is exact, so that one waiver accepts one kind of thing."""

    rule: str = Field(min_length=1)
    path: str = Field(min_length=1)
    reason: str = Field(min_length=10)
    expires: datetime.date

    @field_validator("rule")
    @classmethod
    def _is_one_rule(cls, value: str) -> str:
        if "*" in value:
            raise ValueError(f"{value!r} would accept rules that nobody looked at; name one rule")
        return value

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding, expired or not."""
        return self.rule == finding.rule and fnmatchcase(finding.path, self.path)


class Waivers(Part):
    """The whole file."""

    waiver: tuple[Waiver, ...] = ()


def read_waivers(folder: Path, today: datetime.date) -> tuple[Waiver, ...]:
    """The waivers of the app in `folder`, none when it has no file. Raises BadInput naming the key that is wrong."""
    path = folder / FILE_NAME
    if not path.exists():
        return ()
    table = read_toml(path, FILE_NAME, "restore it")
    waivers = parse_table(Waivers, table, FILE_NAME).waiver
    for number, waiver in enumerate(waivers):
        if waiver.expires > today + datetime.timedelta(days=LONGEST_DAYS):
            raise BadInput(
                f"{FILE_NAME}: waiver.{number}.expires",
                f"is {waiver.expires}, more than {LONGEST_DAYS} days ahead",
                "choose a nearer date; a waiver can be renewed when it ends",
            )
    return waivers


def waive(report: ScanReport, waivers: tuple[Waiver, ...], today: datetime.date) -> ScanReport:
    """`report` without the findings that a valid waiver covers; the note names them, and the expired ones."""
    kept: list[Finding] = []
    lines: list[str] = [report.note] if report.note else []
    for finding in report.findings:
        covering = [waiver for waiver in waivers if waiver.covers(finding)]
        valid = next((waiver for waiver in covering if waiver.expires >= today), None)
        where = f"{finding.rule} in {finding.path}:{finding.line}"
        if valid:
            lines.append(f"waived until {valid.expires}: {where}: {valid.reason}")
            continue
        kept.append(finding)
        lines += [f"the waiver for {where} expired on {waiver.expires} and no longer counts" for waiver in covering]
    return ScanReport(report.scanner, tuple(kept), report.files, report.seconds, "\n".join(dict.fromkeys(lines)))
