"""Arithmetic of the write-ahead log: positions, segments and timelines, and which segments a way through needs.

Names and the history format: Postgres's src/include/access/xlog_internal.h and timeline.c. Segments are 16 MiB.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.errors import BadInput, Rejected

SEGMENT_BYTES = 16 << 20
_PER_FILE = (1 << 32) // SEGMENT_BYTES
_LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_OTHER = re.compile(r"[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)")


@dataclass(frozen=True)
class Branch:
    """A timeline and the position up to which it counts; `until` is None for the newest."""

    timeline: int
    until: int | None


def position(lsn: str) -> int:
    """The byte position that `0/3000028` stands for. Raises BadInput."""
    if not _LSN.fullmatch(lsn):
        raise BadInput("lsn", f"{lsn!r} is no position in the log", "give it as Postgres prints it, such as 0/3000028")
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def segment_number(at: int) -> int:
    """The number of the segment that holds the byte at a position."""
    return at // SEGMENT_BYTES


def segment_name(timeline: int, number: int) -> str:
    """Such as `000000010000000000000006`."""
    return f"{timeline:08X}{number // _PER_FILE:08X}{number % _PER_FILE:08X}"


def numbered(segment: str) -> tuple[int, int]:
    """The timeline and the number of a segment. Raises BadInput for another name."""
    if not _SEGMENT.fullmatch(segment):
        raise BadInput("segment", f"{segment!r} is no segment of the log", "give 24 upper-case hex digits")
    return int(segment[:8], 16), int(segment[8:16], 16) * _PER_FILE + int(segment[16:], 16)


def is_segment(name: str) -> bool:
    """Whether a file of the archive is a whole segment."""
    return bool(_SEGMENT.fullmatch(name))


def is_history(name: str) -> bool:
    """Whether a file of the archive is a timeline's history."""
    return bool(_HISTORY.fullmatch(name))


def log_file(name: str) -> str:
    """The name of a file that Postgres archives, checked. Raises BadInput for anything else."""
    if not (is_segment(name) or is_history(name) or _OTHER.fullmatch(name)):
        raise BadInput("segment", f"{name!r} is nothing that Postgres archives", "see archive_command in its manual")
    return name


def branches(timeline: int, history: str) -> list[Branch]:
    """The way to a timeline, oldest first, from its history file; that file is empty for timeline 1."""
    found = []
    for line in history.splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            found.append(Branch(int(words[0]), position(words[1])))
    return [*found, Branch(timeline, None)]


def segments_between(first: int, last: int, way: Sequence[Branch]) -> list[str]:
    """The names of the segments from number `first` to `last`, each on the newest timeline that has it."""
    starts = [(way[0].timeline, 0)]
    starts += [(later.timeline, segment_number(earlier.until or 0)) for earlier, later in itertools.pairwise(way)]
    return [
        segment_name(max(timeline for timeline, start in starts if start <= number), number)
        for number in range(first, last + 1)
    ]


def check_complete(needed: Sequence[str], present: Iterable[str]) -> None:
    """Raises Rejected naming the segments that are not there: a hole must never pass for the end of the log."""
    there = set(present)
    missing = [name for name in needed if name not in there]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise Rejected(
            f"the archived log has a hole: {len(missing)} of {len(needed)} segments are missing: {shown}",
            f"only what was committed before {missing[0]} can be restored; make a new backup now",
        )
