"""What people see of a release where they review code: on the commit, on its pull requests, in a list of issues.

Every method makes the other side as wanted, by looking first: asked again it changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["in_progress", "success", "failure", "error", "inactive"]
Conclusion = Literal["success", "failure", "neutral", "cancelled", "skipped"]
Level = Literal["notice", "warning", "failure"]


@dataclass(frozen=True)
class Standing:
    """How one release of `version` (a full commit id) stands. `page` shows its run, `url` is what visitors use."""

    release: str
    app: str
    environment: str
    version: str
    label: str
    state: State
    reason: str
    page: str
    url: str
    is_production: bool


@dataclass(frozen=True)
class Remark:
    """Something about one line; `path` is relative to the source."""

    path: str
    line: int
    level: Level
    title: str
    message: str


@dataclass(frozen=True)
class Check:
    """One stage of a release. `conclusion` is None while it is under way; times are seconds since the epoch."""

    id: str
    name: str
    version: str
    conclusion: Conclusion | None
    title: str
    text: str
    page: str
    started: float
    ended: float | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Comment:
    """The one comment that begins with `marker`: on that pull request, else on each that has `version`.

    One that `may_not_begin` is only ever the next text of a comment that is there.
    """

    version: str
    marker: str
    body: str
    pull_request: int | None = None
    may_not_begin: bool = False


@dataclass(frozen=True)
class Trouble:
    """What somebody must look at: one issue that begins with `marker` while it lasts. `occasion` is this time's."""

    marker: str
    occasion: str
    title: str
    body: str
    is_over: bool


@dataclass(frozen=True)
class PullRequest:
    """What wants to be merged: `branch` at `version` of `repository`, which is empty when that one is gone."""

    number: int
    is_open: bool
    repository: str
    branch: str
    version: str


class PullRequests(Protocol):
    """Raises Unreachable on silence, Rejected for a no."""

    def pull_request(self, number: int) -> PullRequest | None:
        """As it is now; None when there is none of that number."""


class CodeReview(Protocol):
    """Raises Unreachable on silence, Rejected for a no, Unknown when a write may have happened."""

    def show_standing(self, standing: Standing) -> None:
        """On the commit and in the environment's history. A success takes the place of the app's one before it."""

    def show_check(self, check: Check) -> None:
        """On the commit; one for each id, and one more for each time that a finished one begins anew."""

    def close_checks(self, version: str, prefix: str, conclusion: Conclusion, why: str) -> int:
        """End those of `version` whose ids begin with `prefix` and that nobody ended; how many there were."""

    def show_comment(self, comment: Comment) -> int:
        """On how many pull requests it is."""

    def show_trouble(self, trouble: Trouble) -> None:
        """Opened once, said again on each further occasion, closed when it is over; nothing when there was none."""
