"""Files that are either old or new, never half: write beside, flush to disk, rename."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import BadInput


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Replace `path` in one step; after a crash it holds the old content or the new, whole."""
    data = content.encode() if isinstance(content, str) else content
    folder = make_folder(path.parent)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> Path:
    """`path` as a folder that we can write to. Raises BadInput naming the first thing in the way."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            str(path), f"cannot be made a folder: {error.strerror}", "choose a path you can write to"
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise BadInput(str(path), "is not writable", "choose another path or mend its permissions")
    return path


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """As `locked`, without waiting: False when somebody has it."""
    make_folder(path.parent)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Held by one thread of one process at a time; a crash lets go of it."""
    make_folder(path.parent)
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
