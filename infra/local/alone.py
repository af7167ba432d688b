"""One process at a time: a lock on a file, which goes with the process that holds it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import BadInput


@contextmanager
def alone(lock: Path, doing: str) -> Iterator[None]:
    """Held until the end. Raises BadInput when another process holds it."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(lock.name, f"another process is {doing}", "wait for it, then try again") from None
        yield
