"""The lint of one branch's pending revisions as a gate: what was found, line by line, and closed when it must be."""

from __future__ import annotations

from collections.abc import Sequence

from infra.manifest import SchemaFiles
from infra.migration_lint import LintReport, LintWaiver
from infra.migration_lint.lint import lint
from infra.schema import Say, Written
from tasks.outcomes import GateClosed

SHOWN = 5


def lint_written(files: SchemaFiles, written: Sequence[Written]) -> LintReport:
    """What there is to say of these revisions, with the manifest's waivers."""
    return lint(written, [LintWaiver(one.rule, one.revision, one.reason, one.expires) for one in files.waivers])


def check_lint(report: LintReport, say: Say) -> str:
    """Says every finding. Raises GateClosed for the blocking ones."""
    for line in report.waived:
        say(line)
    for finding in report.findings:
        say(f"{'unsafe' if finding.is_blocking else 'advice'}: {finding}")
    if report.blocking:
        first = "; ".join(str(finding) for finding in report.blocking[:SHOWN])
        more = f"; and {len(report.blocking) - SHOWN} more" if len(report.blocking) > SHOWN else ""
        raise GateClosed(
            f"migration lint: {len(report.blocking)} unsafe statements over 0 allowed: {first}{more}",
            "write it as told, or accept it with [[schema.waivers]] in pipeline.toml",
        )
    return f"{report.statements} statements in {report.revisions} revisions, none unsafe"
