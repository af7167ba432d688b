"""What can be wrong with what lies in the archive: done to a real one, and mended at the end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace

from deployments.bench.backup_ground import Ground
from infra.database.catalog import RECORD, Backup, backup_folder
from infra.database.markers import close_segment
from infra.database.signing import signed
from infra.database.verification import Verification
from infra.files import write_atomically


def newest(stage: Ground) -> Backup:
    """The newest backup."""
    return stage.recovery.backups()[0]


@contextmanager
def changed(stage: Ground, key: str, change: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """An object with another content, or without one; put back at the end."""
    objects = stage.archive.objects
    content = objects.get(key)
    assert content is not None, key
    other = change(content)
    objects.delete(key) if other is None else objects.put(key, other)
    try:
        yield
    finally:
        objects.put(key, content)


def flip(content: bytes) -> bytes:
    """A byte in the middle with one bit turned."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def flipped(stage: Ground) -> AbstractContextManager[None]:
    """One byte of the newest backup."""
    return changed(stage, newest(stage).pieces[0].key, flip)


def cut(stage: Ground) -> AbstractContextManager[None]:
    """The newest backup's last object without its end."""
    return changed(stage, newest(stage).pieces[-1].key, lambda content: content[:-100])


def gone(stage: Ground) -> AbstractContextManager[None]:
    """The newest backup without its last object."""
    return changed(stage, newest(stage).pieces[-1].key, lambda content: None)


def record_changed(stage: Ground) -> AbstractContextManager[None]:
    """The newest backup's record with another timeline in it."""
    key = backup_folder(stage.archive, newest(stage).id) + RECORD
    return changed(stage, key, lambda content: content.replace(b'"timeline": 1', b'"timeline": 2'))


@contextmanager
def hole(stage: Ground) -> Iterator[None]:
    """Some segments after the backup, the first of which goes."""
    for number in range(2):
        close_segment(stage.access, stage.archive, f"hole-{number}-{time.time_ns()}")
    log = sorted(name for name in stage.archive.log() if name > newest(stage).end_segment and len(name) == 24)
    with changed(stage, stage.archive.segment_key(log[0]), lambda content: None):
        yield


@contextmanager
def end_lost(stage: Ground) -> Iterator[None]:
    """The newest segment of the log goes."""
    close_segment(stage.access, stage.archive, f"end-{time.time_ns()}")
    last = max(name for name in stage.archive.log() if len(name) == 24)
    with changed(stage, stage.archive.segment_key(last), lambda content: None):
        yield


def segment_flipped(stage: Ground) -> AbstractContextManager[None]:
    """One byte of the log that the newest backup needs."""
    return changed(stage, stage.archive.segment_key(newest(stage).begin_segment), flip)


@contextmanager
def other_key(stage: Ground) -> Iterator[None]:
    """The credentials hold another backup key."""
    file = stage.environment.state / "credentials.json"
    right = file.read_text()
    write_atomically(file, json.dumps({**json.loads(right), "backup_key": "another-key-of-sufficient-length"}))
    try:
        yield
    finally:
        write_atomically(file, right)


@contextmanager
def stale(stage: Ground) -> Iterator[None]:
    """The newest backup as if it were four days old, signed as it should be."""
    with signed_again(stage, lambda backup: replace(backup, ended=backup.ended - 4 * 86_400)):
        yield


@contextmanager
def of_another_cluster(stage: Ground) -> Iterator[None]:
    """Every record says another cluster, signed as it should be."""
    with signed_again(stage, lambda backup: replace(backup, cluster="7000000000000000001")):
        yield


@contextmanager
def signed_again(stage: Ground, change: Callable[[Backup], Backup]) -> Iterator[None]:
    """All records, so that there is no older one to go by."""
    with contextlib.ExitStack() as stack:
        for backup in stage.recovery.backups():
            key = backup_folder(stage.archive, backup.id) + RECORD
            other = signed(stage.archive.key, key, asdict(change(backup)))
            stack.enter_context(changed(stage, key, lambda _, other=other: other))  # type: ignore[misc] # bound now
        yield


@contextmanager
def migrated_since(stage: Ground) -> Iterator[None]:
    """A proof, and a migration after it."""
    stage.ask("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
    Verification(stage.environment, stage.say).run()
    stage.ask("INSERT INTO alembic_version VALUES ('0002_later')")
    try:
        yield
    finally:
        stage.ask("DELETE FROM alembic_version")


@contextmanager
def old_proof(stage: Ground) -> Iterator[None]:
    """A proof made two days ago."""
    proof = Verification(stage.environment, stage.say).run()
    key = stage.archive.place("proofs", f"{proof.id}.json")
    other = signed(stage.archive.key, key, asdict(replace(proof, time=proof.time - 2 * 86_400)))
    with changed(stage, key, lambda content: other):
        yield
