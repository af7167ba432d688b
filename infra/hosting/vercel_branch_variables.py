"""The variables of one pull request's preview: for target `preview` and its git branch only, gone with the preview.

Each carries the pull request's number in its comment, so that what a killed preview left is found again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from typing import Any

from infra.commands import Say
from infra.errors import Rejected, Unknown
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_records import Upserted, Variable, Variables
from infra.http import Refused
from infra.redaction import redact, remember_secrets

_MARK = re.compile(r"pipeline preview ([1-9]\d{0,8})")
FINGERPRINT_LETTERS = 8
# Nobody's secret: Vercel's own, and what everybody may read.
OPEN_TYPES = ("plain", "system")


class VercelBranchVariables:
    """Those of one project. `plain` names those that are no secret."""

    def __init__(self, project: VercelProject, plain: Collection[str] = ()) -> None:
        self._project, self._plain = project, frozenset(plain)

    def ours(self) -> dict[int, list[Variable]]:
        """By the number of their pull request."""
        found: dict[int, list[Variable]] = {}
        for one in self.read():
            mark = _MARK.fullmatch(one.comment)
            if mark and one.git_branch and one.targets == {"preview"}:
                found.setdefault(int(mark[1]), []).append(one)
        return found

    def read(self) -> list[Variable]:
        """All of the project's, secret values left out."""
        return self._project.ask(calls.LIST_VARIABLES).read(Variables).envs

    def write(self, pull_request: int, branch: str, wanted: Mapping[str, str], say: Say) -> None:
        """Make the branch's variables exactly `wanted`, whatever a preview of this pull request had before.

        Raises Rejected when the branch has another's, Unknown when they are not there afterwards.
        """
        remember_secrets(value for key, value in wanted.items() if key not in self._plain)
        self._check_free(pull_request, branch, wanted)
        for key, value in wanted.items():
            self._write(pull_request, branch, key, value)
        after = self.ours().get(pull_request, [])
        for one in after:
            if one.git_branch != branch or one.key not in wanted:
                self._remove(one)
        missing = set(wanted) - {one.key for one in after if one.git_branch == branch}
        if missing:
            names = ", ".join(sorted(missing))
            raise Unknown(f"Vercel took {names} for branch {branch} and does not list them", "open the preview again")
        say(f"{len(wanted)} variables for previews of branch {branch}: {', '.join(sorted(wanted))}")

    def remove(self, pull_request: int) -> tuple[str, ...]:
        """Those of one preview; their names. Harmless when there are none."""
        found = self.ours().get(pull_request, [])
        for one in found:
            self._remove(one)
        return tuple(one.key for one in found)

    def fingerprint(self, wanted: Mapping[str, str]) -> str:
        """Another one when any value is another; only who has the token can tell which."""
        text = "\0".join(f"{key}={wanted[key]}" for key in sorted(wanted))
        return hmac.new(self._project.api.key, text.encode(), hashlib.sha256).hexdigest()[:FINGERPRINT_LETTERS]

    def _check_free(self, pull_request: int, branch: str, wanted: Mapping[str, str]) -> None:
        for one in self.read():
            if one.key not in wanted or one.git_branch != branch:
                continue
            mark = _MARK.fullmatch(one.comment)
            if mark is None or int(mark[1]) != pull_request:
                whose = f"pull request {mark[1]}" if mark else "somebody"
                raise Rejected(
                    f"branch {branch} has a variable {one.key} of {whose} at Vercel",
                    "close that preview, or remove the variable: two previews of one branch would share a database",
                )

    def _write(self, pull_request: int, branch: str, key: str, value: str) -> None:
        body: dict[str, Any] = {
            "key": key,
            "value": value,
            "type": "plain" if key in self._plain else "sensitive",
            "target": ["preview"],
            "gitBranch": branch,
            "comment": f"pipeline preview {pull_request}",
        }
        answer = self._project.ask(calls.UPSERT_VARIABLE, query={"upsert": "true"}, body=body).read(Upserted)
        for failed in answer.failed:
            said = redact(f"{failed.error.code}: {failed.error.message}")
            raise Refused(
                f"{calls.UPSERT_VARIABLE.name} did not write {key} for {branch}: {said}", "", 201, failed.error.code
            )

    def _remove(self, one: Variable) -> None:
        self._project.ask(calls.REMOVE_VARIABLE, {"id": one.id}, accept=(404,))


def check_apart(variables: list[Variable], ours: Collection[str], foreign: str = "") -> None:
    """Raises Rejected for a variable that previews would share with production, or find in place of their own.

    Vercel gives a preview every variable of target `preview`. One that production has too is a way to its data: a
    secret one always, a plain one when its value holds `foreign` (the name of production's database).
    """
    general = [one for one in variables if "preview" in one.targets and not one.git_branch]
    shared = [one.key for one in general if "production" in one.targets and one.type not in OPEN_TYPES]
    leading = [one.key for one in general if foreign and foreign in one.value]
    hidden = [one.key for one in general if one.key in ours]
    found = sorted({*shared, *leading, *hidden})
    if found:
        raise Rejected(
            f"every preview would be given {', '.join(found)} at Vercel, which may lead to production's data",
            "give each of them values for Production only; what previews need stands in [previews] of the environment",
        )
