"""Notes before acts: what a stage is about to change and how to put it back, durable before it acts.

A note is one object, `releases/<app>/<release>/notes/<order>-<stage>.json`, in the object store, which is
apart from the database and from the process that may die. `mark_put_back` says that it is done; it stays for people.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from infra.objects import Objects
from tasks.patience import patiently
from tasks.release import Release


@dataclass(frozen=True)
class Note:
    """`facts` are what the way back needs; JSON values, never a secret."""

    order: int
    stage: str
    facts: dict[str, Any]
    written: float
    is_put_back: bool = False


def write_note(release: Release, stage: str, facts: dict[str, Any]) -> Note:
    """Write it once: a stage that runs again keeps what was true before its first act."""
    notes = read_notes(release)
    for note in notes:
        if note.stage == stage and not note.is_put_back:
            return note
    note = Note(len(notes) + 1, stage, facts, time.time())
    _put(release, note)
    return note


def read_notes(release: Release) -> list[Note]:
    """All notes of a release, in the order of the acts."""
    objects = release.platform.objects
    return patiently(lambda: [_read(objects, stored.key) for stored in objects.list(_folder(release))])


def mark_put_back(release: Release, note: Note) -> None:
    """The way back of this note is done."""
    _put(release, replace(note, is_put_back=True))


def _put(release: Release, note: Note) -> None:
    content = json.dumps(note.__dict__).encode()
    patiently(lambda: release.platform.objects.put(_key(release, note), content, "application/json"))


def _read(objects: Objects, key: str) -> Note:
    return Note(**json.loads(objects.get(key) or b"{}"))


def _folder(release: Release) -> str:
    return f"releases/{release.app}/{release.id}/notes/"


def _key(release: Release, note: Note) -> str:
    return f"{_folder(release)}{note.order:03d}-{note.stage}.json"
