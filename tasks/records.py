"""The record of a release: what it is, how it stands, how it ended; one object that outlives every process."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from typing import Literal

from infra.objects import Objects
from tasks.outcomes import Aborted
from tasks.release import Release

Standing = Literal["running", "promoted", "rolled back", "gate closed", "failed", "way back failed"]


@dataclass(frozen=True)
class Record:
    """`reason` is one line for a person. Times are seconds since the epoch."""

    release: Release
    flow_run: str
    standing: Standing
    started: float
    ended: float | None = None
    reason: str = ""
    report: str = ""


def write_record(record: Record) -> None:
    """Replace the record."""
    content = json.dumps(asdict(record)).encode()
    record.release.platform.objects.put(_key(record.release.app, record.release.id), content, "application/json")


def end_record(record: Record, standing: Standing, reason: str, report: str = "") -> Record:
    """The record as ended now."""
    ended = replace(record, standing=standing, reason=reason, ended=time.time(), report=report)
    write_record(ended)
    return ended


def read_record(objects: Objects, app: str, release: str) -> Record | None:
    """The record of one release."""
    content = objects.get(_key(app, release))
    return _parse(content) if content else None


def list_records(objects: Objects, app: str = "") -> list[Record]:
    """All records, newest first; of one app when it is named."""
    prefix = f"releases/{app}/" if app else "releases/"
    keys = [stored.key for stored in objects.list(prefix) if stored.key.endswith("/record.json")]
    found = [_parse(content) for key in keys if (content := objects.get(key))]
    return sorted(found, key=lambda record: record.started, reverse=True)


def request_abort(objects: Objects, app: str, release: str, reason: str) -> None:
    """Ask a release in flight to go back; it looks between stages and at every batch of the ramp."""
    objects.put(_abort_key(app, release), json.dumps({"reason": reason, "time": time.time()}).encode())


def check_not_aborted(release: Release) -> None:
    """Raises Aborted when somebody asked for it."""
    content = release.platform.objects.get(_abort_key(release.app, release.id))
    if content:
        raise Aborted(f"aborted: {json.loads(content)['reason']}")


def _parse(content: bytes) -> Record:
    table = json.loads(content)
    return Record(**{**table, "release": Release(**table["release"])})


def _key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/record.json"


def _abort_key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/abort.json"
