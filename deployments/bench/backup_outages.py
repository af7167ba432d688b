"""What can go wrong around a backup and a restore: a store that dies, a disk that is small, a disk that fills."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.bench.backup_ground import Ground
from infra import processes
from infra.database.restore_plan import plan_restore
from infra.database.targets import Target
from infra.environment import Environment
from infra.files import make_folder
from infra.local import Place
from infra.local.postgres_settings import postgres_folder

_SMALL_MB = 20
_EVERY_SECONDS = 0.01


def can_mount() -> bool:
    """A disk of any size can be had by root only."""
    return os.geteuid() == 0


@contextmanager
def store_dies(stage: Ground) -> Iterator[None]:
    """Killed once the first piece of a new backup is there."""
    before = _pieces(stage)
    over = threading.Event()

    def kill() -> None:
        while not over.wait(_EVERY_SECONDS):
            if _pieces(stage) - before:
                place = Place(stage.environment.state, stage.store.name)
                processes.stop(place.daemon, grace_seconds=0)
                return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
        stage.store.up(stage.say)


@contextmanager
def small_disk(stage: Ground) -> Iterator[None]:
    """The folder of scratch clusters on a disk of 20 MB, which root can make out of memory."""
    with _mounted(_scratch(stage.environment), _SMALL_MB << 20):
        yield


@contextmanager
def filling_disk(stage: Ground) -> Iterator[None]:
    """The folder of scratch clusters on a disk with room enough, until somebody else fills it in the middle."""
    folder = _scratch(stage.environment)
    needed = plan_restore(stage.archive, Target("snapshot", stage.recovery.backups()[0].id)).needed_bytes
    over = threading.Event()

    def fill() -> None:
        while not over.wait(_EVERY_SECONDS):
            if any(folder.glob("*/*")):  # the restore has begun
                _fill(folder)
                return

    with _mounted(folder, 4 * needed):
        filler = threading.Thread(target=fill)
        filler.start()
        try:
            yield
        finally:
            over.set()
            filler.join()


def _fill(folder: Path) -> None:
    """Until nothing more fits."""
    block = bytes(1 << 20)
    with (make_folder(folder / "ballast") / "file").open("wb", buffering=0) as file:
        try:
            while file.write(block):
                pass
        except OSError:  # full, as intended
            return


def _pieces(stage: Ground) -> set[str]:
    return {found.key for found in stage.archive.objects.list(stage.archive.place("base", ""))}


def _scratch(environment: Environment) -> Path:
    return make_folder(postgres_folder(environment) / "scratch")


@contextmanager
def _mounted(folder: Path, size: int) -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, f"size={size}".encode()) != 0:
        raise OSError(ctypes.get_errno(), "a small disk cannot be mounted")
    try:
        yield
    finally:
        libc.umount2(str(folder).encode(), 2)  # MNT_DETACH
