"""The gate between environments: the same commit was released where it is tried first, to everyone."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tasks.outcomes import GateClosed
from tasks.records import Record


def check_proven_release(records: Sequence[Record], app: str, version: str, where: str) -> str:
    """Open when the newest release of `version` in `where` was promoted, and nothing has taken it back since.

    `records` are those of `app` in `where`, newest first. Raises GateClosed naming how it ended otherwise.
    """
    found = [record for record in records if record.release.version == version]
    if not found:
        raise GateClosed(
            f"proven: {app} {version[:8]} was never released in {where}",
            f"pipeline release --env {where} --ref {version}",
        )
    newest = found[0]
    if newest.standing != "promoted":
        raise GateClosed(
            f"proven: {app} {version[:8]} ended {newest.standing!r} in {where}: {newest.reason or '?'}",
            f"release it in {where} again, to everyone",
        )
    hours = (time.time() - (newest.ended or newest.started)) / 3600
    return f"{app} {version[:8]} was promoted in {where} {hours:.1f} h ago as {newest.release.id}"
