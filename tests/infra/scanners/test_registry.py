"""What holds for every scanner alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.scanners import Scanner
from infra.scanners.registry import scanners
from infra.scanners.view import CONTROL_FILES, view_of

EVERY = pytest.mark.parametrize("scanner", scanners(max_advisory_age_days=365_000), ids=lambda scanner: scanner.name)


def quiet(_: str) -> None:
    """Nobody listens."""


def test_there_are_three_with_names_of_their_own() -> None:
    assert [scanner.name for scanner in scanners(365)] == ["secrets", "sast", "dependencies"]


@EVERY
def test_a_folder_that_is_not_there_is_an_error_and_not_clean(scanner: Scanner, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a folder"):
        scanner.scan(tmp_path / "nowhere", quiet)


@EVERY
def test_an_empty_folder_is_an_error_and_not_clean(scanner: Scanner, tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "a.js").write_text("1;")
    with pytest.raises(BadInput, match="holds no file"):
        scanner.scan(tmp_path, quiet)


@EVERY
def test_a_clean_version_has_no_finding_and_a_note_and_stays_as_it_was(scanner: Scanner, tmp_path: Path) -> None:
    (tmp_path / "server.js").write_text("export const answer = 42;\n")
    report = scanner.scan(tmp_path, quiet)
    assert (report.scanner, report.findings, report.files) == (scanner.name, (), 1)
    assert report.note
    assert report.seconds >= 0
    assert [p.name for p in tmp_path.iterdir()] == ["server.js"]


@EVERY
def test_a_malformed_waiver_file_stops_the_scan(scanner: Scanner, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-waivers.toml").write_text("[[waiver]]\nrule = 1\n")
    with pytest.raises(BadInput, match="pipeline-waivers"):
        scanner.scan(tmp_path, quiet)


def test_in_the_copy_no_file_tells_a_scanner_to_look_away(tmp_path: Path) -> None:
    for name in CONTROL_FILES:
        (tmp_path / name).write_text("*")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with view_of(tmp_path) as view:
        held = sorted(path.name for path in view.folder.iterdir())
    assert held == sorted(f"{name}.as-text" for name in CONTROL_FILES)
    assert not view.folder.exists()
