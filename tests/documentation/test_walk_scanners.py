"""The console blocks of the page on scanners, line by line: newer advisories from archives, and a scan with them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from apps import commit
from pages import console_of
from terminal import at

from deployments.cli import exit_codes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def archive(file: Path, ecosystem: str, name: str) -> str:
    """As OSV publishes one; the id of its only record, by which every version of `name` is bad."""
    found = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
    }
    record = {"id": f"MADE-UP-{name}", "summary": "made up", "modified": "2026-11-01T00:00:00Z", "affected": [found]}
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(f"{record['id']}.json", json.dumps({**record, "database_specific": {"severity": "HIGH"}}))
    return str(record["id"])


def test_newer_advisories_are_read_and_scanned_with_as_the_page_shows(tmp_path: Path) -> None:
    work, app = tmp_path / "work", tmp_path / "my-app"
    work.mkdir()
    commit(app, "v1", {"requirements.txt": "flask==3.1.0\n", "app.py": "print('hello')\n"})
    archive(work / "npm.zip", "npm", "left-pad")
    named = archive(work / "pypi.zip", "PyPI", "flask")
    newer = tmp_path / "advisories.json"
    with at(work, {"/var/lib/pipeline/advisories.json": str(newer)}) as terminal:
        refreshing, scanning = console_of("docs/scanners.md")
        terminal.walk(scanning)
        assert "2 advisories as of 2026-11-01" in terminal.walk(refreshing)
        terminal.variables["PIPELINE_ADVISORIES"] = str(newer)
        assert named in terminal.walk(scanning, exit_codes.GATE_CLOSED)
