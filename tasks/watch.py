"""Looks after a version that is live for everyone, against absolute limits; there is nobody left to compare with."""

from __future__ import annotations

import time

from infra.edge import Slot
from tasks.analysis import Analysis
from tasks.evidence import Row, Witness, batch_of, policy_of
from tasks.outcomes import CanaryFailed
from tasks.records import check_not_aborted
from tasks.release import Release, speaker
from tasks.stage import stage
from tasks.timeline import write_timeline


@stage("watch", run_name="watch for {seconds} s")
def watch(release: Release, slot: Slot, url: str, seconds: float) -> str:
    """One line on what was seen. Raises CanaryFailed when a limit is broken, Aborted when asked."""
    settings = release.settings
    witness = Witness(release.platform.edge, slot, (url, None), settings.canary)
    analysis = Analysis(policy_of(settings.canary))
    health_path = release.source.manifest.health.path
    rows: list[Row] = []
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            time.sleep(0.5)
            analysis.health(witness.is_healthy(health_path))
            rows += _add(analysis, witness, settings.canary.batch_seconds)
            if analysis.verdict.outcome == "fail":
                raise CanaryFailed(f"{release.label} after promotion: {analysis.verdict.reason}")
            check_not_aborted(release)
    finally:
        write_timeline(release, "watch", rows)
    asked, failed = (sum(getattr(row.canary, name) for row in rows) for name in ("requests", "failures"))
    speaker()(f"{release.label} answered {asked} requests in {seconds:g} s, {failed} failed: within the limits")
    return f"{failed} of {asked} requests failed in {seconds:g} s"


def _add(analysis: Analysis, witness: Witness, seconds: int) -> list[Row]:
    rows = witness.look(100)
    for row in rows:
        analysis.add(batch_of(row, seconds))
    return rows
