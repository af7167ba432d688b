"""For tests: secrets that were planted, and the search for them in whatever form they could have got somewhere."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Mapping

SHORTEST = 8  # fewer letters are found anywhere


def forms_of(secret: str) -> set[str]:
    """As it is, escaped for an address and for JSON, in hexadecimal as Postgres shows bytes, and in base 64 wherever in
    a longer text it may have stood."""
    found = {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1], secret.encode().hex()}
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret.encode()).decode()
        # Only the letters that its own bits alone decide.
        inner = whole[(before * 8 + 5) // 6 : (before + len(secret.encode())) * 8 // 6]
        found |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return {form for form in found if len(form) >= SHORTEST}


def lines_of(name: str, text: str) -> dict[str, str]:
    """A secret of many lines, each line by itself: what is cut at line ends is still found."""
    lines = [line for line in text.splitlines() if not line.startswith("-----")]
    return {f"{name}, line {number}": line for number, line in enumerate(lines, 1) if len(line) >= SHORTEST}


def leaks(planted: Mapping[str, str], text: str) -> set[str]:
    """The names of the secrets that are in a text."""
    return {name for name, secret in planted.items() if any(form in text for form in forms_of(secret))}
