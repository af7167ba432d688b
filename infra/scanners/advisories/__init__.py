"""Known vulnerabilities, as OSV records in a snapshot file beside this one, so that no network is needed to look.

A snapshot is a choice of what was known on its date, not everything. Point PIPELINE_ADVISORIES at a fuller one,
written by `update`, wherever a network can bring it.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from packaging.utils import canonicalize_name

from infra.errors import BadInput, Unknown
from infra.scanners import Severity
from infra.scanners.lockfiles import Ecosystem, Package
from infra.scanners.versions import Event, is_affected

VENDORED = Path(__file__).parent / "snapshot.json"
# OSV says MODERATE; a record that grades itself with nothing we know counts as high.
_SEVERITY: dict[str, Severity] = {
    "LOW": "low",
    "MODERATE": "medium",
    "MEDIUM": "medium",
    "HIGH": "high",
    "CRITICAL": "critical",
}


@dataclass(frozen=True)
class Advisory:
    """One vulnerability in one package. A version is affected when a range or `versions` holds it."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: Severity
    ecosystem: Ecosystem
    package: str
    ranges: tuple[tuple[Event, ...], ...]
    versions: frozenset[str]

    def affects(self, package: Package) -> bool:
        """Raises BadInput when the package's version cannot be compared."""
        if package.version in self.versions:
            return True
        return any(is_affected(self.ecosystem, package.version, events) for events in self.ranges)

    def fixes(self) -> tuple[str, ...]:
        """The versions that end its ranges; empty when there is no fix."""
        return tuple(event["fixed"] for events in self.ranges for event in events if "fixed" in event)


@dataclass(frozen=True)
class Snapshot:
    """All advisories, by ecosystem and package name, and the date up to which they were collected."""

    as_of: datetime.date
    count: int
    by_package: dict[tuple[Ecosystem, str], tuple[Advisory, ...]]

    def of(self, package: Package) -> tuple[Advisory, ...]:
        """What is known about any version of this package."""
        return self.by_package.get((package.ecosystem, package.name), ())


def snapshot_path() -> Path:
    """The file that PIPELINE_ADVISORIES names, or the vendored one."""
    return Path(os.environ.get("PIPELINE_ADVISORIES", "") or VENDORED)


def load_snapshot(path: Path, *, max_age_days: int, today: datetime.date) -> Snapshot:
    """Raises BadInput when the file cannot be read, Unknown when it is older than `max_age_days`: what was found
    since then would pass for clean."""
    snapshot = read_snapshot(path)
    age = (today - snapshot.as_of).days
    if age > max_age_days:
        raise Unknown(
            f"the advisories in {path.name} are of {snapshot.as_of}, {age} days old; the limit is {max_age_days} days",
            "bring a newer snapshot (docs/scanners.md, Refreshing the advisories), or raise the limit knowingly",
        )
    return snapshot


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file. Raises BadInput when it is missing, malformed or empty."""
    try:
        document = json.loads(path.read_text())
        as_of = datetime.date.fromisoformat(document["as_of"])
        advisories = [advisory for record in document["advisories"] for advisory in read_record(record)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"advisories {path}", f"cannot be read: {error!r}", "write it again with `update`") from error
    if not advisories:
        raise BadInput(f"advisories {path}", "holds no advisory for npm or PyPI", "write it again with `update`")
    by_package: dict[tuple[Ecosystem, str], tuple[Advisory, ...]] = {}
    for advisory in advisories:
        key = (advisory.ecosystem, advisory.package)
        by_package[key] = (*by_package.get(key, ()), advisory)
    return Snapshot(as_of, len({advisory.id for advisory in advisories}), by_package)


def read_record(record: dict[str, Any]) -> Iterator[Advisory]:
    """The advisories in one OSV record, one for each npm or PyPI package it names; none when it was withdrawn."""
    if "withdrawn" in record:
        return
    grade = str(record.get("database_specific", {}).get("severity", "")).upper()
    for affected in record.get("affected", []):
        ecosystem, name = affected["package"]["ecosystem"], affected["package"]["name"]
        if ecosystem in get_args(Ecosystem):
            yield Advisory(
                id=record["id"],
                aliases=tuple(record.get("aliases", ())),
                summary=record.get("summary", "no summary"),
                severity=_SEVERITY.get(grade, "high"),
                ecosystem=ecosystem,
                package=canonicalize_name(name) if ecosystem == "PyPI" else name,
                ranges=tuple(tuple(r["events"]) for r in affected.get("ranges", ()) if r["type"] != "GIT"),
                versions=frozenset(affected.get("versions", ())),
            )
