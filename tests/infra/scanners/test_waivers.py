"""Findings can be accepted with a reason and an end, in the open; an expired acceptance does not count."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.scanners import Finding, ScanReport
from infra.scanners.dependencies import Dependencies
from infra.scanners.waivers import FILE_NAME, read_waivers, waive

TODAY = datetime.date(2026, 6, 15)
FINDING = Finding("sast", "js-eval", "high", "legacy/a.js", 3, "eval")
REPORT = ScanReport("sast", (FINDING,), 7, 1.5, "7 files")


def waiver(folder: Path, **changes: str) -> Path:
    fields = {"rule": '"js-eval"', "path": '"legacy/*"', "reason": '"replaced in release 12"', "expires": "2026-07-01"}
    lines = "\n".join(f"{key} = {value}" for key, value in (fields | changes).items() if value)
    (folder / FILE_NAME).write_text(f"[[waiver]]\n{lines}\n")
    return folder


def test_without_a_file_nothing_is_waived(tmp_path: Path) -> None:
    assert read_waivers(tmp_path, TODAY) == ()
    assert waive(REPORT, (), TODAY) == REPORT


def test_a_valid_waiver_moves_the_finding_to_the_note_with_its_reason(tmp_path: Path) -> None:
    report = waive(REPORT, read_waivers(waiver(tmp_path), TODAY), TODAY)
    assert report.findings == ()
    assert report.note == "7 files\nwaived until 2026-07-01: js-eval in legacy/a.js:3: replaced in release 12"
    assert (report.files, report.seconds) == (7, 1.5)


def test_it_still_holds_on_its_last_day_and_not_on_the_next(tmp_path: Path) -> None:
    waivers = read_waivers(waiver(tmp_path), TODAY)
    assert waive(REPORT, waivers, datetime.date(2026, 7, 1)).findings == ()
    report = waive(REPORT, waivers, datetime.date(2026, 7, 2))
    assert report.findings == (FINDING,)
    assert "the waiver for js-eval in legacy/a.js:3 expired on 2026-07-01 and no longer counts" in report.note


@pytest.mark.parametrize("changes", [{"rule": '"js-sql-building"'}, {"path": '"src/*"'}])
def test_another_rule_or_path_is_not_covered(tmp_path: Path, changes: dict[str, str]) -> None:
    assert waive(REPORT, read_waivers(waiver(tmp_path, **changes), TODAY), TODAY).findings == (FINDING,)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": ""}, "waiver.0.reason"),
        ({"reason": '"later"'}, "waiver.0.reason"),
        ({"rule": '"*"'}, "waiver.0.rule"),
        ({"rule": '"js-*"'}, "waiver.0.rule"),
        ({"expires": ""}, "waiver.0.expires"),
        ({"expires": '"never"'}, "waiver.0.expires"),
        ({"expires": "2029-01-01"}, "waiver.0.expires"),
        ({"until": "2026-07-01"}, "waiver.0.until"),
    ],
)
def test_a_waiver_that_is_not_whole_stops_the_scan(tmp_path: Path, changes: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_waivers(waiver(tmp_path, **changes), TODAY)
    assert caught.value.field.endswith(field)


def test_scanners_read_the_file_of_the_app_they_look_at(tmp_path: Path) -> None:
    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    (tmp_path / "go.mod").write_text("module x\n")
    waiver(tmp_path, rule='"unsupported-ecosystem"', path='"go.mod"', expires=tomorrow.isoformat())
    report = Dependencies(365_000).scan(tmp_path, lambda _: None)
    assert report.findings == ()
    assert "waived until" in report.note
