"""Keeps secrets out of whatever is printed, logged or stored: known values and the passwords inside URLs."""

from __future__ import annotations

import re
from collections.abc import Iterable

_URL_PASSWORD = re.compile(r"(?P<head>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*:)(?P<password>[^\s@/]+)(?=@)")
_MINIMUM_LENGTH = 6  # shorter values would blank out ordinary words
_known: set[str] = set()


def remember_secrets(values: Iterable[str]) -> None:
    """From now on `redact` blanks these values wherever they appear in this process."""
    _known.update(value for value in values if len(value) >= _MINIMUM_LENGTH)


def redact(text: str) -> str:
    """`text` with every known secret and every password in a URL replaced by `***`."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _URL_PASSWORD.sub(r"\g<head>***", text)
