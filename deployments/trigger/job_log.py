"""Lines for the log of a GitHub job. What comes from elsewhere is shown, never obeyed as a command of the runner.

The commands and their escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TextIO

from infra.redaction import redact

Kind = Literal["notice", "warning", "error"]
# GitHub keeps ten of each kind for a step and drops the rest without a word.
ANNOTATIONS = 10
# A path with an ending, and a line; what stands behind a slash or a colon is part of an address.
_PLACE = re.compile(r"(?<![\w/:.-])(?P<file>\w[\w./-]*\.[A-Za-z]\w{0,7}):(?P<line>\d{1,6})\b")


class JobLog:
    """Commands are written on GitHub only; elsewhere the same is said in plain lines."""

    def __init__(self, is_on_github: bool, stream: TextIO | None = None) -> None:
        self._is_on_github = is_on_github
        self._stream = stream or sys.stdout
        self._count: Counter[str] = Counter()

    def line(self, text: str) -> None:
        """Text as it is, in as many lines as it has; none of them can be a command."""
        for part in plain(text):
            self._write(part)

    def note(self, kind: Kind, text: str, title: str = "") -> None:
        """A line that stands out. Where the text names a file and a line, GitHub shows it there."""
        self._count[kind] += 1
        if not self._is_on_github or self._count[kind] > ANNOTATIONS:
            self.line(f"{kind}: {f'{title}: ' if title else ''}{text}")
            return
        self._write(command(kind, text, {"title": title, **_place(text)}))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Lines that GitHub folds away."""
        self._write(command("group", title)) if self._is_on_github else self.line(f"{title}:")
        try:
            yield
        finally:
            if self._is_on_github:
                self._write("::endgroup::")

    def _write(self, line: str) -> None:
        try:
            print(line, file=self._stream, flush=True)
        except OSError:  # whoever read it is gone, as after Ctrl-C in `git push`: what is only told ends nothing
            self._stream = io.StringIO()


def plain(text: str) -> list[str]:
    """Lines that the runner takes for text: it looks for `::` at the start of a line, and for `##[` anywhere.

    Every character that some reader takes for the end of a line ends one here, and none is left inside.
    """
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in redact(text).splitlines()]
    return [re.sub(r"^(\s*):(?=:)", r"\1\\:", line).replace("##[", "#\\#[") for line in lines]


def command(name: str, text: str, properties: dict[str, str] | None = None) -> str:
    """`::name property=value::text`, with what would end it escaped."""
    filled = {key: value for key, value in (properties or {}).items() if value}
    words = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in filled.items())
    return f"::{name}{f' {words}' if words else ''}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    # Without these two the older form of command, which the runner looks for anywhere, could hide in the text.
    safe = redact(text).replace("##[", "#\\#[")
    for character in f"%\r\n{more}":
        safe = safe.replace(character, f"%{ord(character):02X}")
    return "".join(c if c.isprintable() else " " for c in safe)


def _place(text: str) -> dict[str, str]:
    found = _PLACE.search(text)
    return found.groupdict() if found else {}
