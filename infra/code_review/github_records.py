"""The parts of GitHub's answers that we use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field, SecretStr

from infra.http.answer import Record


class Numbered(Record):
    """Anything with an id."""

    id: int


class Deployment(Numbered):
    """`payload` comes back as an object or as its text."""

    sha: str
    environment: str = ""
    payload: Any = None

    @property
    def facts(self) -> dict[str, Any]:
        """The payload as a table; empty for what is none of ours."""
        try:
            found = json.loads(self.payload) if isinstance(self.payload, str) else self.payload
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Said(Record):
    """A status of a deployment, or of a commit (with its `context`)."""

    state: str
    description: str | None = None
    context: str = ""
    target_url: str | None = None


class Output(Record):
    """What a check run shows."""

    title: str | None = None
    annotations_count: int = 0


class CheckRun(Numbered):
    """`conclusion` is None until it is completed."""

    name: str
    status: str
    external_id: str | None = None
    conclusion: str | None = None
    output: Output = Output()


class CheckRuns(Record):
    """One page."""

    check_runs: list[CheckRun]


class Pull(Record):
    """A pull request."""

    number: int
    state: str = "open"


class Named(Record):
    """A repository as a pull request names it."""

    full_name: str


class Head(Record):
    """What a pull request wants to merge. `repo` is None when its fork was deleted."""

    ref: str
    sha: str
    repo: Named | None = None


class WholePull(Pull):
    """A pull request that was asked for by its number."""

    head: Head


class User(Record):
    """A person, or an App (`type` is Bot)."""

    login: str
    type: str = "User"


class Remarked(Numbered):
    """A comment. `user` is None when whoever wrote it is gone."""

    body: str | None = None
    user: User | None = None


class Issue(Record):
    """GitHub lists pull requests as issues too: those have `pull_request`."""

    number: int
    body: str | None = None
    user: User | None = None
    pull_request: Any = None


class Permissions(Record):
    """Of whom the token belongs to, in one repository; for Apps and fine-grained tokens it says less than it seems."""

    push: bool = False
    pull: bool = False


class Repository(Record):
    """What the doctor asks for."""

    full_name: str
    has_issues: bool = True
    archived: bool = False
    permissions: Permissions | None = None


class Rate(Record):
    """`reset` is seconds since the epoch."""

    limit: int
    remaining: int
    reset: float


class InstallationToken(Record):
    """It opens what the installation may, for an hour. Not to be printed."""

    token: SecretStr
    expires_at: AwareDatetime
    permissions: Mapping[str, str] = Field(default_factory=dict)


class _Resources(Record):
    core: Rate


class RateLimits(Record):
    """Of the token."""

    resources: _Resources
