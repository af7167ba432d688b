"""A project's environment variables: compared without reading secrets, and written one target at a time.

A secret's value never comes back from Vercel. What it was is known by a keyed fingerprint in the variable's comment.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from infra.commands import Say
from infra.errors import PipelineError, Rejected
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_records import Upserted, Variable, Variables
from infra.http import Refused
from infra.redaction import redact, remember_secrets

Target = Literal["production", "preview", "development"]
State = Literal["same", "differs", "missing", "unknown"]
MARK = "pipeline:"
FINGERPRINT_LETTERS = 16


@dataclass(frozen=True)
class Difference:
    """How one variable of a target is there. `unknown`: somebody else wrote it, so its value cannot be compared."""

    key: str
    target: Target
    state: State


class VercelVariables:
    """Those of one project. `plain` names those that are no secret; nobody can read the others once written."""

    def __init__(self, project: VercelProject, plain: Collection[str] = ()) -> None:
        self._project = project
        self._plain = frozenset(plain)
        self._key = project.api.key

    def read(self) -> list[Variable]:
        """All that are there, secret values left out."""
        return self._project.ask(calls.LIST_VARIABLES).read(Variables).envs

    def compare(self, wanted: Mapping[str, str], target: Target) -> list[Difference]:
        """For each wanted variable, in order of their names."""
        there = [one for one in self.read() if target in one.targets and not one.git_branch]
        found = {one.key: one for one in there}
        return [Difference(key, target, self._state(found.get(key), wanted[key])) for key in sorted(wanted)]

    def match(self, wanted: Mapping[str, str], target: Target, say: Say) -> list[str]:
        """Write what differs; the keys that were written. New deployments find them, those that exist do not change.

        Raises Rejected that names every key that could not be written, after all others were.
        """
        remember_secrets(value for key, value in wanted.items() if key not in self._plain)
        keys = [one.key for one in self.compare(wanted, target) if one.state != "same"]
        failures: dict[str, PipelineError] = {}
        for key in keys:
            try:
                self._write(key, wanted[key], target)
            except Rejected as no:
                failures[key] = no
        written = [key for key in keys if key not in failures]
        say(
            f"{len(wanted)} variables for {target}: {', '.join(written) or 'none'} written, the rest is as it should be"
        )
        if failures:
            raise _not_written(failures, written, target)
        return written

    def _state(self, found: Variable | None, value: str) -> State:
        if found is None:
            return "missing"
        if found.type == "plain":
            return "same" if found.value == value else "differs"
        if not found.comment.startswith(MARK):
            return "unknown"
        return "same" if found.comment == self._fingerprint(found.key, value) else "differs"

    def _write(self, key: str, value: str, target: Target) -> None:
        kind = self._kind(key, target)
        comment = "" if kind == "plain" else self._fingerprint(key, value)
        body = {"key": key, "value": value, "type": kind, "target": [target], "comment": comment}
        answer = self._project.ask(calls.UPSERT_VARIABLE, query={"upsert": "true"}, body=body).read(Upserted)
        for failed in answer.failed:
            said = redact(f"{failed.error.code}: {failed.error.message}")
            raise Refused(f"{calls.UPSERT_VARIABLE.name} wrote all but {key}: {said}", "", 201, failed.error.code)

    def _kind(self, key: str, target: Target) -> str:
        if key in self._plain:
            return "plain"
        # Vercel has no sensitive variables for development, where people read them on their own machines.
        return "encrypted" if target == "development" else "sensitive"

    def _fingerprint(self, key: str, value: str) -> str:
        """Only who has the token can tell whether a value is this one; with a new token all are written once more."""
        digest = hmac.new(self._key, f"{key}={value}".encode(), hashlib.sha256).hexdigest()
        return MARK + digest[:FINGERPRINT_LETTERS]


def _not_written(failures: Mapping[str, PipelineError], written: list[str], target: Target) -> Rejected:
    each = "; ".join(f"{key}: {error.message}" for key, error in failures.items())
    conflict = any("ENV_CONFLICT" in error.message for error in failures.values())
    hint = (
        f"one of them is stored for several targets at once: split it in the project's settings so that {target} "
        "has its own"
        if conflict
        else "mend what Vercel names, then release again: what is written already is left as it is"
    )
    return Rejected(f"{len(failures)} of {len(failures) + len(written)} variables were not written: {each}", hint)
