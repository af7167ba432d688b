"""What the twin of GitHub holds of its one repository."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deployments.twins.server import VendorError

OWNER, NAME = "securyflex", "app"
REPOSITORY = f"{OWNER}/{NAME}"
PERMISSIONS = ("deployments", "statuses", "checks", "issues", "pull_requests", "contents", "actions")
_SHA = re.compile(r"[0-9a-f]{40}")


@dataclass
class GithubState:
    """`commits` are those that it knows; empty: every one. `may_write` are the token's permissions.

    `turned_away` requests to come meet the secondary limit: 403 that asks for a wait of `limit_seconds`.
    `pulls` are the numbers of the pull requests of each commit, `heads` what is told otherwise of one by its number;
    `dispatched` what asked for a workflow to run. `is_app` says whose token it is: an App's, or a person's.
    `tokens` are what the App was given, with the time at which each ends, `token_seconds` after it was made.
    """

    commits: set[str] = field(default_factory=set)
    may_write: set[str] = field(default_factory=lambda: set(PERMISSIONS))
    turned_away: int = 0
    limit_seconds: float = 0.0
    remaining: int = 4_990
    is_archived: bool = False
    is_app: bool = True
    token_seconds: float = 3600.0
    is_suspended: bool = False
    tokens: dict[str, float] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    commit_statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    check_runs: list[dict[str, Any]] = field(default_factory=list)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[str, list[int]] = field(default_factory=dict)
    heads: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    dispatched: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def know(self, sha: str) -> str:
        """Raises VendorError for what is no commit of the repository."""
        if not _SHA.fullmatch(sha) or (self.commits and sha not in self.commits):
            raise VendorError(422, "", f"No commit found for SHA: {sha}")
        return sha

    def need(self, permission: str) -> None:
        """Raises VendorError when the token may not."""
        if permission not in self.may_write:
            raise VendorError(403, "", "Resource not accessible by integration")

    def deployment(self, number: str) -> dict[str, Any]:
        """Raises VendorError for one that is not there."""
        return _find(self.deployments, number)

    def check_run(self, number: str) -> dict[str, Any]:
        """Raises VendorError for one that is not there."""
        return _find(self.check_runs, number)

    def last_state(self, deployment: int) -> str:
        """Of a deployment; empty when nobody said anything yet."""
        said = self.statuses.get(deployment, [])
        return str(said[-1]["state"]) if said else ""

    def names_of_open(self) -> list[str]:
        """Check runs that nobody ended."""
        return [run["name"] for run in self.check_runs if run["status"] != "completed"]


def now() -> str:
    """As GitHub writes a moment."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _find(found: list[dict[str, Any]], number: str) -> dict[str, Any]:
    for one in found:
        if str(one["id"]) == number:
            return one
    raise VendorError(404, "", "Not Found")
