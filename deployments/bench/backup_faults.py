"""All that can be wrong with a backup, done to a real one: each has to be refused, by a message that names it."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deployments.bench.backup_ground import APP, Ground
from infra import processes
from infra.database.base_restore import unpack
from infra.database.catalog import RECORD, Backup, backup_folder
from infra.database.markers import close_segment
from infra.database.signing import signed
from infra.database.verification import Verification
from infra.environment import Environment
from infra.errors import PipelineError
from infra.files import make_folder, write_atomically
from infra.local import Place
from infra.local.postgres_settings import postgres_folder
from tasks.gates.backups import check_proof

Breaking = Callable[[Ground], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """`says` is part of what the refusal has to say. `meets`: what has to refuse it."""

    name: str
    breaks: Breaking
    says: str
    meets: Callable[[Ground], object | None]
    needs_root: bool = False


@dataclass(frozen=True)
class Refusal:
    """`message` is empty when the fault passed unnoticed."""

    fault: str
    message: str
    is_named: bool


def attempt(stage: Ground, fault: Fault) -> Refusal:
    """Break it, ask for what must refuse, mend it."""
    try:
        with fault.breaks(stage):
            fault.meets(stage)
    except PipelineError as error:
        return Refusal(fault.name, error.message.strip(), fault.says in str(error))
    return Refusal(fault.name, "", False)


def can_mount() -> bool:
    """A disk of any size can be had by root only."""
    return os.geteuid() == 0


def verify(stage: Ground) -> object:
    """The whole verification."""
    return Verification(stage.environment, stage.say).run()


def ask_gate(stage: Ground) -> object:
    """The release gate."""
    limits = stage.environment.gates
    revisions = stage.recovery.revisions().get(APP)
    return check_proof(stage.recovery.newest_proof(), APP, revisions, limits.backup_proof_max_age_hours)


def newest(stage: Ground) -> Backup:
    """The newest backup."""
    return stage.recovery.backups()[0]


@contextmanager
def _changed(stage: Ground, key: str, change: Callable[[bytes], bytes | None]) -> Iterator[None]:
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


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _flipped(stage: Ground) -> AbstractContextManager[None]:
    return _changed(stage, newest(stage).pieces[0].key, _flip)


def _cut(stage: Ground) -> AbstractContextManager[None]:
    return _changed(stage, newest(stage).pieces[-1].key, lambda content: content[:-100])


def _gone(stage: Ground) -> AbstractContextManager[None]:
    return _changed(stage, newest(stage).pieces[-1].key, lambda content: None)


def _record_changed(stage: Ground) -> AbstractContextManager[None]:
    key = backup_folder(stage.archive, newest(stage).id) + RECORD
    return _changed(stage, key, lambda content: content.replace(b'"timeline": 1', b'"timeline": 2'))


@contextmanager
def _hole(stage: Ground) -> Iterator[None]:
    """Some segments after the backup, the first of which goes."""
    for number in range(2):
        close_segment(stage.access, stage.archive, f"hole-{number}-{time.time_ns()}")
    log = sorted(name for name in stage.archive.log() if name > newest(stage).end_segment and len(name) == 24)
    with _changed(stage, stage.archive.segment_key(log[0]), lambda content: None):
        yield


@contextmanager
def _end_lost(stage: Ground) -> Iterator[None]:
    close_segment(stage.access, stage.archive, f"end-{time.time_ns()}")
    last = max(name for name in stage.archive.log() if len(name) == 24)
    with _changed(stage, stage.archive.segment_key(last), lambda content: None):
        yield


def _segment_flipped(stage: Ground) -> AbstractContextManager[None]:
    return _changed(stage, stage.archive.segment_key(newest(stage).begin_segment), _flip)


@contextmanager
def _other_key(stage: Ground) -> Iterator[None]:
    file = stage.environment.state / "credentials.json"
    right = file.read_text()
    write_atomically(file, json.dumps({**json.loads(right), "backup_key": "another-key-of-sufficient-length"}))
    try:
        yield
    finally:
        write_atomically(file, right)


@contextmanager
def _stale(stage: Ground) -> Iterator[None]:
    """The newest backup as if it were four days old, signed as it should be."""
    with _signed_again(stage, lambda backup: replace(backup, ended=backup.ended - 4 * 86_400)):
        yield


@contextmanager
def _of_another_cluster(stage: Ground) -> Iterator[None]:
    with _signed_again(stage, lambda backup: replace(backup, cluster="7000000000000000001")):
        yield


@contextmanager
def _signed_again(stage: Ground, change: Callable[[Backup], Backup]) -> Iterator[None]:
    """All records, so that there is no older one to go by."""
    with contextlib.ExitStack() as stack:
        for backup in stage.recovery.backups():
            key = backup_folder(stage.archive, backup.id) + RECORD
            other = signed(stage.archive.key, key, asdict(change(backup)))
            stack.enter_context(_changed(stage, key, lambda _, other=other: other))  # type: ignore[misc] # bound now
        yield


@contextmanager
def _migrated_since(stage: Ground) -> Iterator[None]:
    stage.ask("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
    verify(stage)
    ask_gate(stage)
    stage.ask("INSERT INTO alembic_version VALUES ('0002_later')")
    try:
        yield
    finally:
        stage.ask("DELETE FROM alembic_version")


@contextmanager
def _old_proof(stage: Ground) -> Iterator[None]:
    key = max(found.key for found in stage.archive.objects.list(stage.archive.place("proofs", "")))
    proof = stage.recovery.newest_proof()
    assert proof is not None
    other = signed(stage.archive.key, key, asdict(replace(proof, time=proof.time - 2 * 86_400)))
    with _changed(stage, key, lambda content: other):
        yield


@contextmanager
def _store_dies(stage: Ground) -> Iterator[None]:
    """Killed once the first piece of a new backup is there."""
    before = {found.key for found in stage.archive.objects.list(stage.archive.place("base", ""))}
    over = threading.Event()

    def kill() -> None:
        while not over.is_set():
            if {found.key for found in stage.archive.objects.list(stage.archive.place("base", ""))} - before:
                place = Place(stage.environment.state, stage.store.name)
                processes.stop(place.daemon, grace_seconds=0)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
        stage.store.up(stage.say)


def _back_up(stage: Ground) -> object:
    return stage.database.snapshot(f"unlucky-{time.time_ns()}", stage.say)


@contextmanager
def _small_disk(stage: Ground) -> Iterator[None]:
    """The folder of scratch clusters on a disk of 20 MB, which root can make out of memory."""
    with _mounted(_scratch(stage.environment), 20):
        yield


def _restore_beside(stage: Ground) -> None:
    """Without the look at the disk's room that a verification takes first: the disk fills in the middle."""
    unpack(stage.archive, newest(stage), _scratch(stage.environment) / "filling", stage.say)


def _scratch(environment: Environment) -> Path:
    return make_folder(postgres_folder(environment) / "scratch")


@contextmanager
def _mounted(folder: Path, megabytes: int) -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={megabytes}m".encode()
    if libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, options) != 0:
        raise OSError(ctypes.get_errno(), "a small disk cannot be mounted")
    try:
        yield
    finally:
        libc.umount2(str(folder).encode(), 2)  # MNT_DETACH


FAULTS = (
    Fault("one byte of a backup flipped", _flipped, "is damaged", verify),
    Fault("a backup's object cut short", _cut, "it was cut short or replaced", verify),
    Fault("a backup's object missing", _gone, "lacks", verify),
    Fault("a backup's record changed", _record_changed, "was changed after it was signed", verify),
    Fault("a segment of the log missing", _hole, "has a hole", verify),
    Fault("the newest segment of the log missing", _end_lost, "has a hole", verify),
    Fault("one byte of the log flipped", _segment_flipped, "is damaged", verify),
    Fault("another encryption key", _other_key, "and the key here is", verify),
    Fault("a stale backup", _stale, "is stale", verify),
    Fault("a backup of another cluster", _of_another_cluster, "and this is cluster", verify),
    Fault("a backup older than the last migration", _migrated_since, "older than the last migration", ask_gate),
    Fault("an old proof", _old_proof, "h old, over", ask_gate),
    Fault("the object store dies during a backup", _store_dies, "is the object store up?", _back_up),
    Fault("no room for a restore", _small_disk, "bytes of room", verify, needs_root=True),
    Fault("the disk fills during a restore", _small_disk, "is full", _restore_beside, needs_root=True),
)
