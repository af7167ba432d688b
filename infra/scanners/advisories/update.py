"""Brings a newer snapshot: reads OSV records from a file or an https address and writes them in compact form.

OSV publishes all records of an ecosystem as one archive, for example
https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip and .../PyPI/all.zip.
"""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx

from infra.errors import BadInput, Rejected, Unreachable
from infra.files import write_atomically
from infra.scanners.advisories import Snapshot, read_record, read_snapshot

MAX_BYTES = 2_000_000_000  # unpacked; OSV's npm archive is about a quarter of it
OSV = tuple(f"https://osv-vulnerabilities.storage.googleapis.com/{one}/all.zip" for one in ("npm", "PyPI"))
_KEPT = ("id", "aliases", "summary", "published", "modified")


def update(sources: Iterable[str], target: Path) -> Snapshot:
    """Write the records of all `sources` (paths or https addresses of an OSV archive, a record, a list of records,
    or a snapshot) to `target`, in one step. The snapshot's date is that of its newest record.

    Raises BadInput for a source without records and when `target` is newer already, Unreachable or Rejected when an
    address does not give it.
    """
    records = {record["id"]: record for source in sources for record in _compact(source)}
    if not records:
        raise BadInput("advisories", "the sources hold no record for npm or PyPI", "give OSV's archive of an ecosystem")
    as_of = max(_day(record) for record in records.values())
    if target.exists() and (held := read_snapshot(target).as_of) > as_of:
        raise BadInput("advisories", f"{target} is of {held}, the sources are of {as_of}", "give a newer source")
    document = {"as_of": as_of.isoformat(), "advisories": sorted(records.values(), key=lambda r: str(r["id"]))}
    write_atomically(target, json.dumps(document, separators=(",", ":")), mode=0o644)
    return read_snapshot(target)


def _day(record: dict[str, Any]) -> datetime.date:
    return datetime.date.fromisoformat(str(record.get("modified") or record["published"])[:10])


def _compact(source: str) -> Iterator[dict[str, Any]]:
    """The records of one source that are about npm or PyPI, with only what a scan needs."""
    for record in _records(source):
        try:
            wanted = any(True for _ in read_record(record))
            _day(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(source, f"holds what is not an OSV record: {error!r}", "give OSV records") from error
        if wanted:
            kept = {key: record[key] for key in _KEPT if key in record}
            grade = record.get("database_specific", {}).get("severity")
            yield kept | {
                "database_specific": {"severity": grade},
                "affected": list(map(_affected, record["affected"])),
            }


def _affected(affected: dict[str, Any]) -> dict[str, Any]:
    ranges = [{"type": r["type"], "events": r["events"]} for r in affected.get("ranges", ()) if r["type"] != "GIT"]
    # Records list every version beside the range that holds them; only those without a range need the list.
    versions = {} if ranges else {"versions": affected.get("versions", [])}
    return {"package": {key: affected["package"][key] for key in ("ecosystem", "name")}, "ranges": ranges, **versions}


def _records(source: str) -> Iterator[dict[str, Any]]:
    data = _download(source) if source.startswith("https://") else _read(source)
    try:
        if zipfile.is_zipfile(io.BytesIO(data)):
            yield from _unpack(source, data)
            return
        document = json.loads(data)
    except (ValueError, zipfile.BadZipFile) as error:
        raise BadInput(source, f"is neither JSON nor a zip archive: {error}", "give OSV's archive") from error
    if isinstance(document, dict):
        document = document.get("advisories", [document])
    yield from document


def _unpack(source: str, data: bytes) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".json")]
        if (size := sum(member.file_size for member in members)) > MAX_BYTES:
            raise BadInput(source, f"unpacks to {size} bytes, over the limit of {MAX_BYTES}", "give one ecosystem only")
        for member in members:
            yield json.loads(archive.read(member))


def _read(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise BadInput(source, f"cannot be read: {error.strerror}", "give a file or an https address") from error


def _download(source: str) -> bytes:
    try:
        answer = httpx.get(source, timeout=httpx.Timeout(15, read=120), follow_redirects=True)
    except httpx.TransportError as error:
        raise Unreachable(
            f"GET {source} got no answer: {error!r}", "check the network, or bring the file by hand"
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise Rejected(f"GET {source} was answered {answer.status_code}", "check the address")
    return answer.content
