"""Locked packages with known vulnerabilities, looked up in the advisory snapshot; works with no network.

What cannot be looked up (no lock file, an unpinned entry, an unknown format) is a critical finding: silence would
pass for clean at every severity setting.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.commands import Say
from infra.errors import BadInput
from infra.scanners import Finding, ScanReport
from infra.scanners.advisories import Advisory, Snapshot, load_snapshot, snapshot_path
from infra.scanners.inventory import gap, take_inventory
from infra.scanners.lockfiles import Package
from infra.scanners.waivers import read_waivers, waive


@dataclass(frozen=True)
class Dependencies:
    """Refuses advisories older than `max_age_days`."""

    max_age_days: int
    advisories: Path = field(default_factory=snapshot_path)
    name: str = "dependencies"

    def scan(self, folder: Path, say: Say) -> ScanReport:
        """Raises BadInput when the folder or the advisories cannot be read, Unknown when these are too old."""
        started, today = time.monotonic(), datetime.date.today()
        waivers = read_waivers(folder, today)
        snapshot = load_snapshot(self.advisories, max_age_days=self.max_age_days, today=today)
        inventory = take_inventory(folder)
        say(f"dependencies: {len(inventory.packages)} packages in {inventory.locks} lock files")
        known = [finding for path, package in inventory.packages for finding in look_up(path, package, snapshot)]
        age = (today - snapshot.as_of).days
        note = (
            f"{len(inventory.packages)} packages in {inventory.locks} lock files, among {inventory.files} files, "
            f"looked up in {snapshot.count} advisories as of {snapshot.as_of} ({age} days old)"
        )
        findings = tuple(dict.fromkeys(sorted((*inventory.gaps, *known), key=lambda f: (f.path, f.line, f.rule))))
        report = ScanReport(self.name, findings, inventory.files, time.monotonic() - started, note)
        return waive(report, waivers, today)


def look_up(path: str, package: Package, snapshot: Snapshot) -> Iterator[Finding]:
    """The findings about one locked package. A version that cannot be compared is one too, if there is anything to
    compare it with."""
    try:
        affecting = [advisory for advisory in snapshot.of(package) if advisory.affects(package)]
    except BadInput as problem:
        yield gap("unknown-version", path, f"{package.name}: {problem.message}", problem.hint, package.line)
        return
    for advisory in affecting:
        message = _message(package, advisory)
        yield Finding("dependencies", advisory.id, advisory.severity, path, package.line, message)


def _message(package: Package, advisory: Advisory) -> str:
    other_names = f" ({', '.join(advisory.aliases)})" if advisory.aliases else ""
    fixes = advisory.fixes()
    fix = f"fixed in {', '.join(fixes)}" if fixes else "there is no fixed version: replace it"
    return f"{package.name} {package.version}: {advisory.summary}{other_names}; {fix}"
