"""Each gate opens and closes, and its sentence has the numbers."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from infra.coverage import CoverageReport
from infra.database import DatabaseHealth
from infra.environment import PeakHours
from infra.scanners import Finding, ScanReport
from tasks.gates import ask, check_all_open
from tasks.gates.quality import check_coverage, check_scan
from tasks.gates.safety import check_archive, check_peak_hours, check_room, check_standby
from tasks.outcomes import GateClosed

HEALTH = DatabaseHealth(True, "18.6", "1", True, 0, False, "000000010000000000000001", 5.0)
FINDING = Finding("sast", "eval-used", "high", "app.js", 3, "eval runs text as code")
PEAK = PeakHours(zone="Europe/Amsterdam", days=("fri",), start_hour=16, end_hour=24)


def test_coverage_opens_at_the_minimum_and_closes_below_it() -> None:
    assert check_coverage(CoverageReport(80.0, 8, 10, "lcov"), 80) == "80.0 % of at least 80 %"
    with pytest.raises(GateClosed, match=r"coverage: 79\.9 % under 80 %"):
        check_coverage(CoverageReport(79.9, 799, 1000, "lcov"), 80)


def test_a_scan_closes_for_findings_as_severe_as_the_limit_and_names_them() -> None:
    report = ScanReport("sast", (FINDING,), 4, 1.0)
    assert check_scan(report, "critical") == "1 high in 4 files"
    with pytest.raises(GateClosed, match=r"1 findings of high or worse over 0 allowed: eval-used at app\.js:3"):
        check_scan(report, "high")


def test_a_scan_that_saw_nothing_and_does_not_say_why_is_closed() -> None:
    with pytest.raises(GateClosed, match="looked at 0 files"):
        check_scan(ScanReport("secrets", (), 0, 0.1), "high")
    assert check_scan(ScanReport("sast", (), 0, 0.1, "no code"), "high") == "nothing in its scope: no code"


def test_the_standby_must_follow_closely() -> None:
    assert check_standby(HEALTH, 100) == "0 bytes behind, limit 100"
    with pytest.raises(GateClosed, match="101 bytes behind, over 100"):
        check_standby(replace(HEALTH, standby_lag_bytes=101), 100)
    with pytest.raises(GateClosed, match="not connected"):
        check_standby(replace(HEALTH, standby_connected=False), 100)


def test_the_archive_must_keep_up() -> None:
    assert "5 s not archived" in check_archive(HEALTH, 60)
    with pytest.raises(GateClosed, match="61 s not archived, over 60 s"):
        check_archive(replace(HEALTH, unarchived_seconds=61), 60)
    with pytest.raises(GateClosed, match="the last attempt to archive failed"):
        check_archive(replace(HEALTH, archive_failing=True), 60)


def test_the_disk_must_have_room() -> None:
    assert check_room(2 << 20, 1 << 20) == "2 MiB free, at least 1 MiB"
    with pytest.raises(GateClosed, match="0 MiB free under 1 MiB"):
        check_room(0, 1 << 20)


@pytest.mark.parametrize(
    ("utc", "is_open"),
    [
        ("2026-11-27T14:59:00+00:00", True),
        ("2026-11-27T15:00:00+00:00", False),  # winter: Amsterdam is an hour ahead
        ("2026-07-31T13:59:00+00:00", True),
        ("2026-07-31T14:00:00+00:00", False),  # summer: two hours
        ("2026-11-28T15:00:00+00:00", True),  # a Saturday
    ],
)
def test_peak_hours_go_by_the_clock_of_the_people_there(utc: str, is_open: bool) -> None:
    now = datetime.datetime.fromisoformat(utc)
    if is_open:
        assert "is outside" in check_peak_hours(now, PEAK)
    else:
        with pytest.raises(GateClosed, match="16:00 is within"):
            check_peak_hours(now, PEAK)


def test_every_gate_is_asked_and_all_closed_ones_are_named() -> None:
    def closed(what: str) -> str:
        raise GateClosed(f"{what}: 1 over 0")

    results = ask({"a": lambda: closed("a"), "b": lambda: "fine", "c": lambda: closed("c")})

    assert [result.is_open for result in results] == [False, True, False]
    with pytest.raises(GateClosed, match="a: 1 over 0; c: 1 over 0"):
        check_all_open(results)
