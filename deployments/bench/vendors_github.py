"""What is shown at GitHub in the mood matrix, and a tour through every call with every answer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pydantic import SecretStr

from deployments.bench.vendors_moods import TIMEOUT_SECONDS, Action, Ground
from deployments.twins.github import GithubTwin
from deployments.twins.github_app import APP_ID, INSTALLATION
from deployments.twins.github_state import REPOSITORY
from infra.code_review import Check, Comment, Remark, Standing, State, Trouble
from infra.code_review.github import GithubReview
from infra.code_review.github_api import GithubApi
from infra.code_review.github_pulls import GithubPulls
from infra.environment.vendors_code import Github
from infra.http import Patience

IMPATIENT = Patience(tries=2, seconds=1, first_pause_seconds=0.01)
VERSION, BEFORE = "a" * 40, "b" * 40
PULL = 7
STANDING = Standing(
    "v2-0123",
    "securyflex",
    "staging",
    VERSION,
    "v2",
    "in_progress",
    "it is being released",
    "http://127.0.0.1/runs/1",
    "http://127.0.0.1/app",
    is_production=False,
)
LIVE_BEFORE = replace(STANDING, release="v1-4567", version=BEFORE, label="v1", state="success", reason="v1 is live")
REMARKS = tuple(Remark("app.py", line, "warning", "rule", f"line {line} is not liked") for line in range(1, 121))
CHECK = Check(
    "v2-0123/unit-tests",
    "pipeline / staging / unit tests",
    VERSION,
    None,
    "under way",
    "",
    "http://127.0.0.1/runs/1",
    started=1_700_000_000.0,
)
ENDED = replace(CHECK, conclusion="failure", title="3 tests failed", text="see", ended=1_700_000_009.0)
COMMENT = Comment(VERSION, "<!-- pipeline securyflex staging -->", "v2 is being released")
TROUBLE = Trouble("<!-- pipeline backup-proof staging -->", "night-1", "the backup is not proven", "a table", False)


@dataclass
class GithubPlace:
    """One repository at its twin. `by_app` is let in as a GitHub App, the others by a token."""

    twin: GithubTwin
    review: GithubReview
    by_app: GithubReview
    api: GithubApi
    pulls: GithubPulls


def place_at(twin: GithubTwin, patience: Patience = IMPATIENT, timeout_seconds: float = TIMEOUT_SECONDS) -> GithubPlace:
    """With clients that give up soon."""
    settings = Github(repository=REPOSITORY, token="env:GITHUB_TOKEN", api=twin.api)
    given = (settings, SecretStr(twin.token), patience, timeout_seconds)
    by_app = GithubReview(app_settings(twin), SecretStr(twin.app_key), patience, timeout_seconds)
    return GithubPlace(twin, GithubReview(*given), by_app, GithubApi(*given), GithubPulls(*given))


def app_settings(twin: GithubTwin) -> Github:
    """The twin's App opens its repository."""
    key = "env:GITHUB_APP_KEY"
    return Github(repository=REPOSITORY, app_id=APP_ID, installation=INSTALLATION, private_key=key, api=twin.api)


def github_ground() -> Ground[GithubPlace]:
    """Twins whose commit is on one pull request."""

    @contextmanager
    def open_place() -> Iterator[GithubPlace]:
        with GithubTwin() as twin:
            twin.state.pulls[VERSION] = [PULL]
            yield place_at(twin)

    return Ground("github", open_place, lambda place: place.twin, lambda place: place_at(place.twin))


def _standings(place: GithubPlace) -> Hashable:
    """The states of each deployment, and how often each was said."""
    state = place.twin.state
    return (
        tuple(
            (one["payload"]["release"], tuple(said["state"] for said in state.statuses.get(one["id"], [])))
            for one in state.deployments
        ),
        tuple(said["state"] for said in state.commit_statuses.get(VERSION, [])),
    )


def _checks(place: GithubPlace) -> Hashable:
    return tuple(
        (run["external_id"], run["status"], run["conclusion"], run["output"]["annotations_count"])
        for run in place.twin.state.check_runs
    )


def _words(place: GithubPlace) -> Hashable:
    comments = [tuple(one["body"] for one in some) for some in place.twin.state.comments.values()]
    return tuple(comments), tuple(one["state"] for one in place.twin.state.issues.values())


def _is_part_of_it(state: Hashable) -> bool:
    """Some of it was said, in order, and never twice: whoever tells it again says the rest."""
    assert isinstance(state, tuple)
    deployments, commit = state
    releases = [release for release, _ in deployments]
    said = [*(states for _, states in deployments), commit]
    return len(releases) == len(set(releases)) and all(len(some) <= 2 for some in said)


def _is_half_remarked(state: Hashable) -> bool:
    """The run is there, with as many remarks as were taken so far."""
    assert isinstance(state, tuple)
    return len(state) == 1


def _is_half_said(state: Hashable) -> bool:
    """An issue with its comment that is not closed yet."""
    assert isinstance(state, tuple)
    comments, issues = state
    return issues == ("open",) and all(len(some) <= 1 for some in comments)


def _live_before(place: GithubPlace) -> None:
    place.review.show_standing(LIVE_BEFORE)


def _began(place: GithubPlace) -> None:
    place.review.show_check(CHECK)


def _told(body: str) -> Callable[[GithubPlace], object]:
    return lambda place: place.review.show_comment(replace(COMMENT, body=body))


def _told_of_preview(body: str, *, is_over: bool = False) -> Callable[[GithubPlace], object]:
    of_preview = replace(COMMENT, marker="<!-- preview -->", pull_request=PULL, may_not_begin=is_over)
    return lambda place: place.review.show_comment(replace(of_preview, body=body))


def _stand(state: State) -> Callable[[GithubPlace], object]:
    return lambda place: place.review.show_standing(replace(STANDING, state=state, reason=f"it is {state}"))


def _trouble(occasion: str, *, is_over: bool = False) -> Callable[[GithubPlace], object]:
    return lambda place: place.review.show_trouble(replace(TROUBLE, occasion=occasion, is_over=is_over))


def _nothing(_place: GithubPlace) -> None:
    """Nothing has to be there."""


ACTIONS: tuple[Action[GithubPlace], ...] = (
    Action("a release begins", _nothing, _stand("in_progress"), _standings, _is_part_of_it),
    Action("a release is live", _live_before, _stand("success"), _standings, _is_part_of_it),
    Action("a release went back", _live_before, _stand("failure"), _standings, _is_part_of_it),
    Action("a stage begins", _nothing, _began, _checks),
    Action("a stage begins, shown by an App", _nothing, lambda place: place.by_app.show_check(CHECK), _checks),
    Action(
        "a stage ends with remarks",
        _began,
        lambda place: place.review.show_check(replace(ENDED, remarks=REMARKS)),
        _checks,
        _is_half_remarked,
    ),
    Action("a stage begins anew", lambda place: place.review.show_check(ENDED), _began, _checks),
    Action(
        "a dead one's checks end",
        _began,
        lambda place: place.review.close_checks(VERSION, "v2-0123/", "cancelled", "its process died"),
        _checks,
    ),
    Action("a comment", _nothing, _told("v2 is live"), _words),
    Action("a comment changes", _told("v2 is being released"), _told("v2 is live"), _words),
    Action("a preview's comment", _nothing, _told_of_preview("at an address"), _words),
    Action("a preview ends", _told_of_preview("at an address"), _told_of_preview("it ended", is_over=True), _words),
    Action("a trouble", _nothing, _trouble("night-1"), _words),
    Action("a trouble again", _trouble("night-1"), _trouble("night-2"), _words),
    Action("a trouble is over", _trouble("night-1"), _trouble("night-2", is_over=True), _words, _is_half_said),
)


def tour(place: GithubPlace) -> None:
    """Every call, with an answer of each shape."""
    for action in ACTIONS:
        action.prepare(place)
        action.act(place)
    for is_known in (True, False):
        place.review.close_checks(VERSION if is_known else BEFORE, "v2-0123/", "neutral", "it was not told")
    for number in (PULL, PULL + 1):
        place.pulls.pull_request(number)
    # A comment is found by who wrote it: asked of an App, and of a person.
    for is_app in (True, False):
        place.twin.state.is_app = is_app
        again = place_at(place.twin).review
        for body in ("v2 is live", "v2 is live again"):
            again.show_comment(replace(COMMENT, body=body))
    place.api.rate()
    place.api.repository()
