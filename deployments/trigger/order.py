"""What may be ordered from outside: which flows, what each needs to know, and which of them can be taken back."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.errors import BadInput

# For each flow: the fields that it must be given, then those that it may be given.
FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "release": (("repository", "ref", "why"), ()),
    "rollback": (("app", "reason"), ("release",)),
    "abort": (("app", "reason"), ("release",)),
    "hold": (("app", "action", "reason", "who"), ("release",)),
    "recover": ((), ()),
    "backup": ((), ("name",)),
    "verify-backup": ((), ()),
    "under-attack": (("action", "reason", "who"), ()),
    "preview": (("repository", "ref", "pull_request", "action"), ()),
}
ACTIONS = {"hold": ("place", "release"), "under-attack": ("place", "lift"), "preview": ("open", "close")}
# A way back that is cut in the middle leaves more behind than one that is left to end.
GOES_BACK_WHEN_CANCELLED = ("release",)
LONGEST_TEXT = 500
_APP = re.compile(r"[a-z][a-z0-9-]{0,62}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@-]{0,254}")


@dataclass(frozen=True)
class Order:
    """One flow run to be: `why` is for people, `key` names the event so that it is obeyed once."""

    flow: str
    environment: str
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    key: str = field(default_factory=lambda: f"once/{uuid.uuid4()}")

    @property
    def unique(self) -> str:
        """The same for the same order of the same event: Prefect starts nothing twice under one name."""
        facts: Any = [self.flow, self.environment, sorted(self.parameters.items())]
        return (
            f"{self.key}/{self.flow}/{self.environment}/{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"
        )

    def __str__(self) -> str:
        subject = self.parameters.get("ref") or self.parameters.get("app") or ""
        return " ".join(filter(None, (self.flow, str(subject), "in", self.environment)))


def order_of(flow: str, environment: str, given: Mapping[str, str], key: str) -> Order:
    """An order with exactly what its flow takes out of `given`, where what is empty counts as not given.

    Raises BadInput for an unknown flow, and for a field that is missing, not the flow's, or cannot be right.
    """
    if flow not in FIELDS:
        raise BadInput("flow", f"{flow!r} cannot be ordered from outside", f"choose one of: {', '.join(FIELDS)}")
    if not environment:
        raise BadInput("environment", "is missing", "name one")
    needed, possible = FIELDS[flow]
    known = {name: _clean(name, value) for name, value in given.items() if name in needed + possible and value.strip()}
    for name in needed:
        if name not in known:
            raise BadInput(name, f"is missing, and {flow} needs it", f"{flow} takes: {', '.join(needed + possible)}")
    _check_action(flow, str(known.get("action", "")))
    return Order(flow, environment, known, key) if key else Order(flow, environment, known)


def _clean(name: str, value: str) -> str | int:
    """One line of printable text, or a number, checked by what it is."""
    text = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if len(text) > LONGEST_TEXT:
        raise BadInput(name, f"has {len(text)} characters", f"say it in at most {LONGEST_TEXT}")
    if name == "app" and not _APP.fullmatch(text):
        raise BadInput("app", f"{text!r} cannot be an app's name", "small letters, digits and -, as in pipeline.toml")
    if name == "ref" and (not _REF.fullmatch(text) or ".." in text):
        raise BadInput("ref", f"{text!r} cannot be a ref", "give a branch, a tag or a commit")
    if name == "pull_request" and not _NUMBER.fullmatch(text):
        raise BadInput("pull_request", f"{text!r} is no number of one", "give its number, such as 7")
    return int(text) if name == "pull_request" else text


def _check_action(flow: str, action: str) -> None:
    allowed = ACTIONS.get(flow)
    if allowed and action not in allowed:
        raise BadInput("action", f"{action!r} is nothing that {flow} does", f"choose one of: {', '.join(allowed)}")
