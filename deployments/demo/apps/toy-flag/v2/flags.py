"""A stand-in of a few lines for an OpenFeature SDK with flagd's provider: reads the same file by the same variable."""

import hashlib
import json
import os


def is_on(flag, visitor):
    """Whether the flag is on for this visitor; off when there is no file, or the flag is not in it."""
    return _share(visitor, flag) < _percentage(flag)


def _percentage(flag):
    path = os.environ.get("FLAGD_OFFLINE_FLAG_SOURCE_PATH", "")
    if not os.path.exists(path):
        return 0
    with open(path) as file:
        found = json.load(file)["flags"].get(flag, {})
    if "targeting" in found:
        return dict(found["targeting"]["fractional"])["on"]
    return 100 if found.get("defaultVariant") == "on" else 0


def _share(visitor, flag):
    """From 0 up to 100, the same for the same visitor."""
    return int.from_bytes(hashlib.sha256(f"{flag} {visitor}".encode()).digest()[:4], "big") * 100 / 2**32
