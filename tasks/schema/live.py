"""The release whose deployment is live, with its files: what must go on working on an expanded schema."""

from __future__ import annotations

from pathlib import Path

from tasks.own_address import own_url
from tasks.records import read_record
from tasks.release import Release


def find_live(release: Release) -> Release | None:
    """The live release of the same app; None when nothing is live, it is this one, or its files are gone."""
    target = release.platform.edge.route().live_target
    if target is None or target.deployment == release.id:
        return None
    record = read_record(release.platform.objects, release.app, target.deployment)
    return record.release if record and Path(record.release.folder).is_dir() else None


def live_url(release: Release) -> str:
    """The address of the live deployment itself, past the edge; empty when nothing is live."""
    target = release.platform.edge.route().live_target
    return own_url(release, target) if target else ""
