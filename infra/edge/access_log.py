"""Reads the lines that are added to a log file, each once, across rolling, restarts of the writer and cut lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 1 << 20
START_OF_LINE = b'{"level":'


class AccessLog:
    """A log of JSON lines with a `ts` each (seconds since the epoch), nearly in order of it.

    Rolled files stand beside it, named `<stem>-<when><suffix>`. Only the file being read is kept open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: BinaryIO | None = None
        self._cut = b""

    def seek(self, since: float) -> None:
        """The next lines are those of `since` on, also out of files rolled away meanwhile."""
        files = self._files()
        written_since = [path for status, path in files if status.st_mtime >= since]
        self._open(next(iter(written_since or [path for _, path in files[-1:]]), None))
        if self._stream:
            self._stream.seek(_offset(self._stream, since))

    def lines(self) -> Iterator[dict[str, Any]]:
        """What was added since the last call. A line whose end is not there yet waits for the next call."""
        if self._stream is None:
            self.seek(0)
        while self._stream:
            yield from self._rest(self._stream)
            following = self._following(self._stream)
            if following is None:
                return
            # Again: a line may have come between reading to the end and finding that the file was rolled.
            yield from self._rest(self._stream)
            self._open(following)

    def close(self) -> None:
        """Let go of the open file."""
        self._open(None)

    def _open(self, path: Path | None) -> None:
        if self._stream:
            self._stream.close()
        self._stream = path.open("rb") if path else None
        self._cut = b""

    def _rest(self, stream: BinaryIO) -> Iterator[dict[str, Any]]:
        if os.fstat(stream.fileno()).st_size < stream.tell():
            stream.seek(0)  # somebody emptied the file in place
            self._cut = b""
        while chunk := stream.read(CHUNK):
            *whole, self._cut = (self._cut + chunk).split(b"\n")
            yield from (entry for line in whole if (entry := _parse(line)))

    def _files(self) -> list[tuple[os.stat_result, Path]]:
        """The log and what was rolled away from it, oldest first."""
        rolled = self._path.parent.glob(f"{self._path.stem}-*{self._path.suffix}")
        found = [(status, path) for path in (*rolled, self._path) if (status := _status(path))]
        return sorted(found, key=lambda one: one[0].st_mtime_ns)

    def _following(self, stream: BinaryIO) -> Path | None:
        """The file after the one that is open; None while that is the newest."""
        mine = os.fstat(stream.fileno())
        later = (p for s, p in self._files() if s.st_ino != mine.st_ino and s.st_mtime_ns >= mine.st_mtime_ns)
        return next(later, None)


def _status(path: Path) -> os.stat_result | None:
    """None when the file was rolled away, or removed for its age, since it was listed."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _parse(line: bytes) -> dict[str, Any] | None:
    """The entry; None for what is none. A writer that was killed leaves half a line, and the next one goes on
    in the same line: what stands after the last start is whole."""
    try:
        found = json.loads(line[max(0, line.rfind(START_OF_LINE)) :])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _offset(stream: BinaryIO, since: float) -> int:
    """Where the lines of `since` begin, found by halving: a file of any size costs about twenty reads."""
    low, high = 0, os.fstat(stream.fileno()).st_size
    while high - low > 4096:
        middle = (low + high) // 2
        stream.seek(middle)
        stream.readline()
        entry = _parse(stream.readline())
        if entry and float(entry.get("ts", 0)) < since - 1:
            low = middle
        else:
            high = middle
    stream.seek(low)
    if low:
        stream.readline()
    return stream.tell()
