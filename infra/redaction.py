"""Keeps secrets out of whatever is printed, logged or stored: known values and the passwords inside URLs."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable

# A password may hold an @ itself: it ends before the last one of the address' first part. The scheme is bounded, or a
# long word would be looked through once for each of its letters.
_URL_PASSWORD = re.compile(r"(?P<head>[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s:/@]*:)[^\s/\"'<>]+(?=@)")
_URL_TOKEN = re.compile(r"(?P<head>https?://)[^\s:/@\"'<>]+(?=@)")  # https://TOKEN@host, as code hosts give it
_MINIMUM_LENGTH = 6  # shorter values would blank out ordinary words
_known: set[str] = set()


def remember_secrets(values: Iterable[str]) -> None:
    """From now on `redact` blanks these values wherever they appear in this process."""
    for value in values:
        # Output comes line by line, and addresses carry a value in its escaped form.
        forms = {value, urllib.parse.quote(value, safe=""), *value.splitlines()}
        _known.update(form for form in forms if len(form) >= _MINIMUM_LENGTH and not form.startswith("-----"))


def redact(text: str) -> str:
    """`text` with every known secret and every password in a URL replaced by `***`."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _URL_TOKEN.sub(r"\g<head>***", _URL_PASSWORD.sub(r"\g<head>***", text))
