"""GitHub's client against its twin: by the document in every request, once in every effect, typed in every mood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from contracts import check_declared, check_log, documents
from pydantic import SecretStr

from deployments.bench import vendors_github as shown
from deployments.bench.vendors_github import GithubPlace, place_at
from deployments.twins.github import GithubTwin
from deployments.twins.github_shapes import comment, issue
from deployments.twins.github_state import REPOSITORY
from deployments.twins.moods import FOREVER, KINDS, Kind
from deployments.twins.wire import Entry, Reply, Request
from infra.code_review.github_api import GithubApi
from infra.code_review.github_calls import CALLS, INSTALLATION_TOKEN
from infra.environment import Github
from infra.errors import PipelineError, Unknown
from infra.http import Limited, Patience

ENTERPRISE = "/api/v3"
QUICK = Patience(tries=2, seconds=2, first_pause_seconds=0.01)


@pytest.fixture
def place() -> Iterator[GithubPlace]:
    with GithubTwin() as twin:
        twin.state.pulls[shown.VERSION] = [shown.PULL]
        yield place_at(twin, QUICK, 1.0)


def writes(twin: GithubTwin) -> list[Entry]:
    """What changes the repository: a token changes nothing there."""
    asked = (entry for entry in twin.log if entry.operation != INSTALLATION_TOKEN.operation)
    return [entry for entry in asked if entry.request.method != "GET"]


def how_it_ended(place: GithubPlace, action: shown.Action[GithubPlace]) -> str:
    try:
        action.act(place)
    except PipelineError as error:
        return str(error)
    return "well"


def test_every_request_and_every_answer_is_as_the_document_says(place: GithubPlace) -> None:
    found = documents("github.json")
    shown.tour(place)
    checked = check_log(place.twin, found, CALLS)
    assert [one for one in checked if one.problems] == []
    assert {one.operation for one in checked if not one.is_described} == {
        call.operation for call in CALLS if call.outside
    }
    assert {one.operation for one in checked} == {call.operation for call in CALLS}
    assert check_declared(found, CALLS) == []


class EnterpriseTwin(GithubTwin):
    """An Enterprise Server: its API is below /api/v3, and everything else is pages for people."""

    @property
    def api(self) -> str:
        return f"{self.url}{ENTERPRISE}"

    def reply_to(self, request: Request) -> Reply | None:
        if not request.path.startswith(ENTERPRISE):
            return Reply(404, content=b"<html>not the API</html>", content_type="text/html")
        return super().reply_to(replace(request, path=request.path.removeprefix(ENTERPRISE)))


def test_all_of_it_works_at_an_enterprise_server_below_its_own_path() -> None:
    with EnterpriseTwin() as twin:
        twin.state.pulls[shown.VERSION] = [shown.PULL]
        shown.tour(place_at(twin, QUICK, 1.0))
        assert {entry.operation for entry in twin.log} == {call.operation for call in CALLS}
        settings = Github(repository=REPOSITORY, token="env:GITHUB_TOKEN", api=twin.url)
        with pytest.raises(PipelineError, match="404 <html>not the API"):
            GithubApi(settings, SecretStr(twin.token), QUICK, 1.0).rate()


@pytest.mark.parametrize("action", shown.ACTIONS, ids=lambda action: action.name)
def test_what_is_asked_for_twice_changes_nothing_the_second_time(
    place: GithubPlace, action: shown.Action[GithubPlace]
) -> None:
    action.prepare(place)
    action.act(place)
    before = len(writes(place.twin))
    action.act(place_at(place.twin, QUICK, 1.0))
    assert len(writes(place.twin)) == before


@pytest.mark.parametrize("mood", KINDS)
@pytest.mark.parametrize("operation", [call.operation for call in CALLS])
def test_every_call_in_every_mood_ends_well_or_with_a_typed_error_that_holds_no_token(
    place: GithubPlace, operation: str, mood: Kind
) -> None:
    place.twin.moods.set(operation, mood, times=FOREVER, seconds=0.01)
    for action in shown.ACTIONS[:1] + shown.ACTIONS[4:6] + shown.ACTIONS[8:10] + shown.ACTIONS[11:]:
        said = how_it_ended(place, action)
        assert said == "well" or "\n  hint: " in said
        assert not any(secret in said for secret in (place.twin.token, *place.twin.state.tokens))


def test_a_deployment_whose_answer_was_lost_is_found_again(place: GithubPlace) -> None:
    place.twin.moods.set("repos/create-deployment", "lost")
    with pytest.raises(Unknown):
        place.review.show_standing(shown.STANDING)
    place.review.show_standing(shown.STANDING)
    assert len(place.twin.state.deployments) == 1


def test_github_waits_for_nothing_and_merges_nothing(place: GithubPlace) -> None:
    place.review.show_standing(replace(shown.STANDING, state="failure"))
    place.review.show_standing(replace(shown.STANDING, release="v2-again"))
    bodies = [entry.request.data for entry in place.twin.calls("repos/create-deployment")]
    assert [(body["required_contexts"], body["auto_merge"]) for body in bodies] == [([], False)] * 2


def test_a_check_that_ended_begins_anew_as_another_one(place: GithubPlace) -> None:
    for check in (shown.CHECK, shown.ENDED, shown.CHECK):
        place.review.show_check(check)
    assert [run["status"] for run in place.twin.state.check_runs] == ["completed", "in_progress"]


@pytest.mark.parametrize("count", [1, 50, 51, 120, 200, 250])
def test_remarks_go_fifty_at_a_time_and_each_of_them_once(place: GithubPlace, count: int) -> None:
    remarks = tuple(replace(shown.REMARKS[0], line=line) for line in range(1, count + 1))
    place.review.show_check(shown.CHECK)
    place.review.show_check(replace(shown.ENDED, remarks=remarks))
    (run,) = place.twin.state.check_runs
    lines = [one["start_line"] for one in place.twin.state.annotations[run["id"]]]
    assert lines == list(range(1, min(count, 200) + 1))


def test_the_checks_of_a_dead_release_are_found_by_their_ids_and_nobody_elses_are_ended(place: GithubPlace) -> None:
    place.review.show_check(shown.CHECK)
    place.review.show_check(replace(shown.CHECK, id="v9-other/unit-tests", name="another"))
    stranger = place_at(place.twin, QUICK, 1.0).review
    assert stranger.close_checks(shown.VERSION, "v2-0123/", "cancelled", "its process died") == 1
    assert place.twin.state.names_of_open() == ["another"]


def test_the_success_of_one_app_leaves_other_apps_and_what_failed_as_they_are(place: GithubPlace) -> None:
    others = replace(shown.LIVE_BEFORE, release="other-1", app="other")
    failed = replace(shown.LIVE_BEFORE, release="v0-1", state="failure")
    for standing in (others, failed, shown.LIVE_BEFORE, replace(shown.STANDING, state="success")):
        place.review.show_standing(standing)
    state = place.twin.state
    last = {one["payload"]["release"]: state.last_state(one["id"]) for one in state.deployments}
    assert last == {"other-1": "success", "v0-1": "failure", "v1-4567": "inactive", "v2-0123": "success"}


def test_an_issue_is_opened_once_said_again_and_closed_by_the_first_good_night(place: GithubPlace) -> None:
    for night in (1, 1, 2):
        place.review.show_trouble(replace(shown.TROUBLE, occasion=f"night-{night}"))
    (number,) = place.twin.state.issues
    assert len(place.twin.state.comments[number]) == 1
    for night in (3, 4):
        place.review.show_trouble(replace(shown.TROUBLE, occasion=f"night-{night}", is_over=True))
    assert place.twin.state.issues[number]["state"] == "closed"
    assert len(place.twin.state.comments[number]) == 2, "the second good night has nothing to say"
    place.review.show_trouble(replace(shown.TROUBLE, occasion="night-5"))
    assert len(place.twin.state.issues) == 2


def test_a_comment_that_quotes_ours_stays_as_it_is(place: GithubPlace) -> None:
    place.review.show_comment(shown.COMMENT)
    (ours,) = place.twin.state.comments[shown.PULL]
    quote = {**ours, "id": 999, "body": f"> {ours['body']}\nwhat is this?"}
    place.twin.state.comments[shown.PULL].insert(0, quote)
    place.review.show_comment(replace(shown.COMMENT, body="v2 is live"))
    assert place.twin.state.comments[shown.PULL][0] == quote
    assert ours["body"].endswith("v2 is live")


@pytest.mark.parametrize("is_app", [True, False], ids=["an App's token", "a person's token"])
def test_whoever_writes_our_marker_first_is_not_taken_for_us(place: GithubPlace, is_app: bool) -> None:
    state = place.twin.state
    state.is_app = is_app
    stranger = {"login": "stranger", "type": "User"}
    taken = {**comment(place.twin.url, place.twin.repo, 998, shown.PULL, shown.COMMENT.marker, ""), "user": stranger}
    state.comments[shown.PULL] = [taken]
    body = {"title": "mine", "body": f"{shown.TROUBLE.marker}\n"}
    state.issues[999] = {**issue(place.twin.url, place.twin.repo, 999, body, ""), "user": stranger}
    for text in ("v2 is being released", "v2 is live"):
        place.review.show_comment(replace(shown.COMMENT, body=text))
        place.review.show_trouble(shown.TROUBLE)
    assert [one["body"].endswith("v2 is live") for one in state.comments[shown.PULL]] == [False, True]
    assert len(state.issues) == 2
    assert list(state.comments) == [shown.PULL]


def test_the_secondary_limit_is_waited_for_when_it_is_short(place: GithubPlace) -> None:
    place.twin.state.turned_away, place.twin.state.limit_seconds = 1, 0.5
    place.review.show_standing(shown.STANDING)
    assert len(place.twin.state.deployments) == 1


def test_the_secondary_limit_is_not_waited_for_when_it_is_long(place: GithubPlace) -> None:
    place.twin.state.turned_away, place.twin.state.limit_seconds = 99, 600
    with pytest.raises(Limited) as caught:
        place.review.show_standing(shown.STANDING)
    assert 590 < caught.value.wait_seconds <= 600
    assert place.twin.state.turned_away == 98, "it was not asked again"


@pytest.mark.parametrize("wrong", ["owner", "owner/", "/app", "o/a/b", "o w/app", "https://github.com/o/a"])
def test_a_repository_that_is_no_owner_and_name_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="repository"):
        Github(repository=wrong, token="env:GITHUB_TOKEN")


@pytest.mark.parametrize("wrong", ["ghp_plain", "env:", "block:github-credentials/", "block:secret/x"])
def test_a_token_is_only_ever_named(wrong: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Github(repository="owner/app", token=wrong)
