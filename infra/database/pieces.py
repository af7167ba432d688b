"""A long stream as numbered sealed objects and back again, a few at a time and always in order."""

from __future__ import annotations

import io
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from infra.database.archive import Archive
from infra.database.catalog import Piece
from infra.errors import Rejected

_AT_ONCE = 3  # compressing is what takes the time, and leaves a core to the live version
_AHEAD = 4  # pieces in memory beside those being worked on
S = TypeVar("S")
T = TypeVar("T")


def store_pieces(archive: Archive, folder: str, contents: Iterable[bytes | None]) -> Iterator[Piece]:
    """Seal and store each content below `folder`, in order. Raises Unreachable when the store falls silent.

    A content of None says that there is none yet: then too, a piece that failed is noticed.
    """

    def store(numbered: tuple[int, bytes]) -> Piece:
        number, content = numbered
        key = f"{folder}{number:06d}.tar.sealed"
        sealed = archive.key.seal(key, content)
        archive.objects.put(key, sealed)
        return Piece(key, len(sealed))

    numbers = itertools.count(1)
    return _in_order(store, (None if content is None else (next(numbers), content) for content in contents))


def fetch_pieces(archive: Archive, pieces: Iterable[Piece]) -> Iterator[bytes]:
    """The contents again. Raises Rejected for one that is missing, cut short or changed."""

    def fetch(piece: Piece) -> bytes:
        sealed = archive.objects.get(piece.key)
        if sealed is None:
            raise Rejected(f"backup object {piece.key} is missing", "use another backup")
        if len(sealed) != piece.bytes:
            raise Rejected(
                f"backup object {piece.key} holds {len(sealed)} bytes, the catalog says {piece.bytes}",
                "it was cut short or replaced; use another backup",
            )
        return archive.key.open(piece.key, sealed)

    return _in_order(fetch, pieces)


class ReadingStream(io.RawIOBase):
    """A file to read whose bytes come from an iterator."""

    def __init__(self, contents: Iterator[bytes]) -> None:
        self._contents = contents
        self._rest = memoryview(b"")
        self.read_bytes = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; none at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._contents, b""))
        count = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:count], self._rest[count:]
        self.read_bytes += len(found)
        return bytes(found)


def _in_order(work: Callable[[S], T], items: Iterable[S | None]) -> Iterator[T]:
    """The results in the order of the items, worked out by threads, a bounded number ahead."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            if item is not None:
                waiting.append(pool.submit(work, item))
            _check(waiting)
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _check(waiting: Iterable[Future[T]]) -> None:
    """Raises what went wrong in one that is done: what comes after it is in vain."""
    for one in waiting:
        if one.done():
            one.result()
