"""Security scans of the version's source; what they found goes to the gates."""

from __future__ import annotations

from infra.scanners import ScanReport
from infra.scanners.registry import scanners
from tasks.release import Release, speaker
from tasks.stage import Journey, stage

# Advisories are published every day: what was clean then need not be clean now.
LASTS_SECONDS = 24 * 3600.0
KINDS = ("secrets", "sast", "dependencies")


@stage("scan", run_name="scan for {kind}", journey=Journey(lasts_seconds=LASTS_SECONDS))
def scan(release: Release, kind: str) -> ScanReport:
    """The findings of one kind of scanner. Raises when it could not look: that is never clean."""
    say = speaker()
    chosen = {one.name: one for one in scanners(release.settings.gates.advisories_max_age_days)}
    report = chosen[kind].scan(release.source.folder, say)
    say(f"{kind}: {len(report.findings)} findings in {report.files} files, {report.seconds:.1f} s. {report.note}")
    for finding in report.findings:
        say(f"{finding.severity}: {finding.path}:{finding.line} {finding.rule}: {finding.message}")
    return report
