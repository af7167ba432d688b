"""Lock files: which exact version of which package a version of the app installs. One file per package ecosystem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from infra.errors import BadInput

Ecosystem = Literal["npm", "PyPI"]  # spelled as in OSV records, https://ossf.github.io/osv-schema/


@dataclass(frozen=True)
class Package:
    """One locked package. `line` is where the lock file names it, from 1."""

    ecosystem: Ecosystem
    name: str
    version: str
    line: int = 1


@dataclass(frozen=True)
class Lock:
    """What a lock file holds. `unpinned` are (line, text) of entries whose exact version it does not say, `includes`
    are (line, path) of further lock files that it builds on."""

    packages: tuple[Package, ...]
    unpinned: tuple[tuple[int, str], ...] = ()
    includes: tuple[tuple[int, str], ...] = ()


Parser = Callable[[str, str], Lock]  # (path, text): the path is only for messages


def read_lock(parser: Parser, path: str, text: str) -> Lock:
    """What `parser` makes of a file. Raises BadInput naming the file, whatever is wrong with its shape."""
    try:
        return parser(path, text)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise unreadable(path, f"does not have the shape of a lock file: {error}") from error


def unreadable(path: str, problem: str, fix: str = "write it again with its own tool") -> BadInput:
    """The error for a lock file that cannot be trusted to say what is installed."""
    return BadInput(path, problem, fix)


def line_of(text: str, *wanted: str) -> int:
    """The number, from 1, of the first line that holds one of `wanted`; 1 when none does."""
    for number, line in enumerate(text.splitlines(), start=1):
        if any(word in line for word in wanted):
            return number
    return 1
