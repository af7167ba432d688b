"""The gates before anything is touched, shown as one table."""

from __future__ import annotations

import datetime
import functools
import shutil

from prefect.artifacts import create_table_artifact

from infra.coverage import CoverageReport
from infra.scanners import ScanReport
from tasks.gates import GateResult, ask, check_all_open
from tasks.gates.quality import check_coverage, check_scan
from tasks.gates.safety import check_archive, check_peak_hours, check_room, check_standby
from tasks.outside_gates import outside_gates
from tasks.release import Release, speaker
from tasks.stage import Journey, stage

ROOM_BYTES = 1 << 30


@stage("gates", tries=3, journey=Journey(asks_anew=True))
def check_gates(release: Release, coverage: CoverageReport | None, scans: list[ScanReport]) -> list[GateResult]:
    """Every gate's fact. Raises GateClosed naming all that are closed."""
    settings = release.settings
    limits = settings.gates
    checks = release.source.manifest.checks
    health = release.platform.database.health()
    results = ask(
        {
            "coverage": lambda: check_coverage(coverage, checks.coverage.minimum_percent if checks.coverage else 0),
            **{one.scanner: functools.partial(check_scan, one, limits.scan_severity) for one in scans},
            "standby": lambda: check_standby(health, limits.standby_lag_max_bytes),
            "archive": lambda: check_archive(health, limits.archive_max_age_seconds),
            "disk": lambda: check_room(shutil.disk_usage(settings.state).free, ROOM_BYTES),
            "peak hours": lambda: check_peak_hours(datetime.datetime.now(datetime.UTC), settings.peak_hours),
            **outside_gates(release),
        }
    )
    show(release, results)
    check_all_open(results)
    return results


def show(release: Release, results: list[GateResult]) -> None:
    """The table in the Prefect UI and, line by line, in the log."""
    say = speaker()
    for result in results:
        say(f"{'open' if result.is_open else 'CLOSED'}: {result.gate}: {result.fact}")
    rows = [{"gate": r.gate, "state": "open" if r.is_open else "CLOSED", "fact": r.fact} for r in results]
    create_table_artifact(rows, key="gates", description=f"Gates of {release.app} {release.label}")
