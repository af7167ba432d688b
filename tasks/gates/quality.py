"""Gates on the version itself: its coverage and what the scanners found."""

from __future__ import annotations

from collections import Counter

from infra.coverage import CoverageReport
from infra.scanners import SEVERITIES, Finding, ScanReport, Severity
from tasks.outcomes import GateClosed


def check_coverage(report: CoverageReport | None, minimum_percent: float) -> str:
    """Open when as much is covered as the app asks of itself, or when it measures nothing."""
    if report is None:
        return "the app measures no coverage"
    if report.percent < minimum_percent:
        raise GateClosed(f"coverage: {report.percent:.1f} % under {minimum_percent:g} %")
    return f"{report.percent:.1f} % of at least {minimum_percent:g} %"


def check_scan(report: ScanReport, severity: Severity) -> str:
    """Open when nothing found is as severe as `severity`.

    A scan that saw no files and cannot say why is closed: it may not have looked at all.
    """
    if report.files == 0 and not report.note:
        raise GateClosed(f"{report.scanner}: looked at 0 files and does not say why")
    bad = [finding for finding in report.findings if _rank(finding.severity) >= _rank(severity)]
    if bad:
        raise GateClosed(f"{report.scanner}: {len(bad)} findings of {severity} or worse over 0 allowed: {_first(bad)}")
    return f"{_counts(report)} in {report.files} files" if report.files else f"nothing in its scope: {report.note}"


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)


def _first(findings: list[Finding]) -> str:
    shown = [f"{f.rule} at {f.path}:{f.line}" for f in findings[:3]]
    return ", ".join(shown) + (f" and {len(findings) - 3} more" if len(findings) > 3 else "")


def _counts(report: ScanReport) -> str:
    counts = Counter(finding.severity for finding in report.findings)
    return ", ".join(f"{counts[level]} {level}" for level in SEVERITIES if counts[level]) or "no findings"
