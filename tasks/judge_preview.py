"""What is asked of a version before any of its code runs for a preview: no secrets in it, no known bad packages."""

from __future__ import annotations

import functools

from infra.scanners import ScanReport
from tasks.gates import ask, check_all_open
from tasks.gates.quality import check_scan
from tasks.previews import Asked
from tasks.release import speaker
from tasks.stage import stage

# Nothing of the version is run by these. Static analysis, coverage and the rest are asked of a release.
KINDS = ("secrets", "dependencies")


@stage("gates of the preview")
def judge_preview(asked: Asked, scans: list[ScanReport]) -> str:
    """The facts that opened them. Raises GateClosed: what a preview shows is on the network, and stays in its log."""
    severity = asked.order.settings.gates.scan_severity
    results = ask({one.scanner: functools.partial(check_scan, one, severity) for one in scans})
    for result in results:
        speaker()(f"{'open' if result.is_open else 'CLOSED'}: {result.gate}: {result.fact}")
    check_all_open(results)
    return "; ".join(f"{result.gate}: {result.fact}" for result in results)
