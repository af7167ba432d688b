"""One process at a time: a lock on a file, which goes with the process that holds it.

Small work may go on beside, in any number, while nobody is alone; who wants to be alone waits until it has ended.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.errors import BadInput
from infra.files import make_folder
from infra.orphans import OWNER, is_owner_alive, owner_mark

BESIDE_SECONDS = 300  # the longest start of one service, twice


@contextmanager
def alone(lock: Path, doing: str, *, on_entry: Callable[[], None] | None = None) -> Iterator[None]:
    """Held until the end. Raises BadInput when another process holds it, or what goes on beside does not end.

    `on_entry` is called before what goes on beside is waited for.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(lock.name, f"another process is {doing}", "wait for it, then try again") from None
        # Who works beside reads this first, so that nobody new begins while we wait.
        with signed(lock):
            if on_entry:
                on_entry()
            with _nobody_beside(lock):
                yield


@contextmanager
def beside(lock: Path) -> Iterator[bool]:
    """Whether one may work now: nobody is alone, nor will be until the end of it."""
    with _shared(lock).open("a") as file:
        yield not is_signed(lock) and _try(file, fcntl.LOCK_SH)


@contextmanager
def signed(path: Path) -> Iterator[None]:
    """This process's name is in `path` until the end; a crash leaves the name of the dead, which counts for nothing."""
    path.write_text(owner_mark()[OWNER])
    try:
        yield
    finally:
        path.write_text("")


def is_signed(path: Path) -> bool:
    """Whether a living process's name is in it."""
    name = path.read_text() if path.exists() else ""
    return bool(name) and is_owner_alive(name)


def wait_for_those_beside(lock: Path) -> None:
    """Until all that goes on beside at this moment has ended."""
    with _nobody_beside(lock):
        return


@contextmanager
def _nobody_beside(lock: Path) -> Iterator[None]:
    with _shared(lock).open("a") as file:
        deadline = time.monotonic() + BESIDE_SECONDS
        while not _try(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise BadInput(
                    lock.name, f"what goes on beside has not ended in {BESIDE_SECONDS} s", "see the guard's log"
                )
            time.sleep(0.02)
        yield


def _shared(lock: Path) -> Path:
    make_folder(lock.parent)
    return lock.with_name(f"{lock.name}.beside")


def _try(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
