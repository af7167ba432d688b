"""Words of SQL outside strings, comments and parentheses, with where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<dollar>  \$(?P<tag>[A-Za-z_]\w*|)\$ .*? \$(?P=tag)\$ )
    | (?P<escape>  \b[eE]'(?:[^'\\]|\\.|'')*' )
    | (?P<string>  '(?:[^']|'')*' )
    | (?P<quoted>  "(?:[^"]|"")*" )
    | (?P<word>    [A-Za-z_][\w$]* )
    | (?P<mark>    [();] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Word:
    """A keyword, a name or `;`. `start` is its place in the text."""

    text: str
    start: int


def outer_words(text: str) -> Iterator[Word]:
    """Words and semicolons that are in no parentheses."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "mark" and token[0] in "()":
            depth += 1 if token[0] == "(" else -1
        elif depth == 0 and token.lastgroup in ("word", "mark"):
            yield Word(token[0], token.start())


def statements(text: str) -> Iterator[str]:
    """The statements of a script, each with the comments before it and without its semicolon."""
    start = 0
    for word in outer_words(text):
        if word.text == ";":
            yield from _told(text[start : word.start])
            start = word.start + 1
    yield from _told(text[start:])


def _told(piece: str) -> Iterator[str]:
    """The piece, unless it is nothing but comments."""
    if _TOKEN.sub(lambda token: "" if token["comment"] else token[0], piece).strip():
        yield piece.strip()
