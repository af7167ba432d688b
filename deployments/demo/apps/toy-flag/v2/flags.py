"""A stand-in of a few lines for an OpenFeature SDK with flagd's provider: reads the same file by the same variable."""

import hashlib
import json
import os
import time


def is_on(flag, visitor):
    """Whether the flag is on for this visitor; off when there is no file, or the flag is not in it."""
    return _share(visitor, flag) < _percentage(flag)


def _percentage(flag):
    path = os.environ.get("FLAGD_OFFLINE_FLAG_SOURCE_PATH", "")
    if not os.path.exists(path):
        return 0
    with open(path) as file:
        found = json.load(file)["flags"].get(flag, {})
    return _by_rule(found["targeting"]) if "targeting" in found else _by_name(found.get("defaultVariant"))


def _by_rule(rule):
    if "if" in rule:  # lent: until a moment, then something else
        condition, lent, after = rule["if"]
        rule = lent if time.time() < condition["<"][1] else after
    return _by_name(rule) if isinstance(rule, str) else dict(rule["fractional"])["on"]


def _by_name(variant):
    return 100 if variant == "on" else 0


def _share(visitor, flag):
    """From 0 up to 100, the same for the same visitor."""
    return int.from_bytes(hashlib.sha256(f"{flag} {visitor}".encode()).digest()[:4], "big") * 100 / 2**32
