"""The record of a release: what it is, how it stands, how it ended; one object that outlives every process."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from typing import Literal

from infra.objects import Objects
from tasks.outcomes import Aborted
from tasks.patience import patiently
from tasks.release import Release

Standing = Literal["running", "promoted", "rolled back", "gate closed", "failed", "way back failed"]
OPEN: tuple[Standing, ...] = ("running", "way back failed")


@dataclass(frozen=True)
class Record:
    """`reason` is one line for a person. Times are seconds since the epoch; `started` is that of the first attempt.

    `waivers` are the stages that somebody skipped: one line each, for the report.
    """

    release: Release
    flow_run: str
    standing: Standing
    started: float
    ended: float | None = None
    reason: str = ""
    report: str = ""
    attempt: int = 1
    waivers: tuple[str, ...] = ()


def write_record(record: Record) -> None:
    """Replace the record. Waits for a store that is silent for a moment.

    `open/<app>/<release>` says that it is open: written before the record does, and removed after it does not.
    `ids/<release>` says whose it is, for who knows nothing but its id; `apps/<app>` that it was released here.
    """
    content = json.dumps(asdict(record)).encode()
    app, release, objects = record.release.app, record.release.id, record.release.platform.objects
    if record.standing in OPEN:
        patiently(lambda: objects.put(_open_key(app, release), b""))
        patiently(lambda: objects.put(_id_key(release), app.encode()))
        patiently(lambda: objects.put(f"apps/{app}", b""))
    patiently(lambda: objects.put(_key(app, release), content, "application/json"))
    if record.standing not in OPEN:
        patiently(lambda: objects.delete(_open_key(app, release)))


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


def open_records(objects: Objects) -> list[Record]:
    """Releases that neither ended well nor went back, oldest first."""
    names = [stored.key.split("/")[1:] for stored in objects.list("open/")]
    found = [read_record(objects, app, release) for app, release in names]
    still = [record for record in found if record and record.standing in OPEN]
    return sorted(still, key=lambda record: record.started)


def newest_records(objects: Objects, count: int) -> tuple[list[Record], list[str]]:
    """The records of the `count` releases that began last, newest first; and the ids of those that cannot be read.

    By one small key each: below `releases/` a release has dozens, and a store keeps years of them.
    """
    ids = [stored.key.removeprefix("ids/") for stored in sorted(objects.list("ids/"), key=lambda one: -one.modified)]
    found, broken = [], []
    for release in ids[:count]:
        try:
            found.append(find_record(objects, release))
        except (ValueError, KeyError, TypeError):  # no JSON, or not that of a record
            broken.append(release)
    return sorted((one for one in found if one), key=lambda one: one.started, reverse=True), broken


def released_apps(objects: Objects) -> list[str]:
    """Every app that was ever released here."""
    return [stored.key.removeprefix("apps/") for stored in objects.list("apps/")]


def find_record(objects: Objects, release: str) -> Record | None:
    """The record of a release whose app is not known yet."""
    app = objects.get(_id_key(release))
    return read_record(objects, app.decode(), release) if app else None


def note_stage(release: Release, stage: str) -> None:
    """Write down what the release does now, for `pipeline status`."""
    content = json.dumps({"stage": stage, "since": time.time()}).encode()
    key = _stage_key(release.app, release.id)
    patiently(lambda: release.platform.objects.put(key, content, "application/json"))


def read_stage(objects: Objects, app: str, release: str) -> tuple[str, float] | None:
    """The stage that a release entered last, and when (seconds since the epoch)."""
    content = objects.get(_stage_key(app, release))
    if not content:
        return None
    table = json.loads(content)
    return str(table["stage"]), float(table["since"])


def request_abort(objects: Objects, app: str, release: str, reason: str) -> None:
    """Ask a release in flight to go back; it looks between stages and at every batch of the ramp."""
    objects.put(_abort_key(app, release), json.dumps({"reason": reason, "time": time.time()}).encode())


def forget_abort(release: Release) -> None:
    """At the start of an attempt: an abort of the one before it is done."""
    patiently(lambda: release.platform.objects.delete(_abort_key(release.app, release.id)))


def check_not_aborted(release: Release) -> None:
    """Raises Aborted when somebody asked for it."""
    content = release.platform.objects.get(_abort_key(release.app, release.id))
    if content:
        raise Aborted(f"aborted: {json.loads(content)['reason']}")


def _parse(content: bytes) -> Record:
    table = json.loads(content)
    return Record(**{**table, "release": Release(**table["release"]), "waivers": tuple(table.get("waivers", ()))})


def _key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/record.json"


def _open_key(app: str, release: str) -> str:
    return f"open/{app}/{release}"


def _id_key(release: str) -> str:
    return f"ids/{release}"


def _stage_key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/stage.json"


def _abort_key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/abort.json"
