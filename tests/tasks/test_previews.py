"""Whose pull requests are previewed, what a preview is given, and which one makes room; against GitHub's twin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployments.twins.github import GithubTwin
from deployments.twins.github_state import REPOSITORY
from infra.commands import Say
from infra.config import parse_table
from infra.environment import Environment, Github
from infra.errors import BadInput, Rejected
from infra.hosting import Source
from infra.objects import StoredObject
from infra.previews import Preview, Wanted
from tasks import check_pull_request, make_room_for_preview, previews
from tasks.previews import Asked, is_of, preview_held, variables_of
from tasks.release import Release

VERSION = "a" * 40
ORDER = Release("preview-7-0123abcd", "staging", "shop", "/src/shop", "feature", VERSION, "feature", "/nowhere")


def environment(more: Mapping[str, Any]) -> Environment:
    return parse_table(Environment, {"name": "staging", "kind": "staging", **more}, "staging.toml")


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubTwin]:
    with GithubTwin() as twin:
        monkeypatch.setenv("T_GITHUB", twin.token)
        table = {"github": {"repository": REPOSITORY, "token": "env:T_GITHUB", "api": twin.url}}
        monkeypatch.setattr(check_pull_request, "load_environment", lambda _name: environment(table))
        twin.state.pulls[VERSION] = [7]
        yield twin


def look(repository: str = f"http://127.0.0.1/{REPOSITORY}.git", number: int = 7) -> Wanted:
    return check_pull_request.check_pull_request.fn("staging", repository, "some-ref", number)


def test_a_pull_request_of_the_repository_itself_is_known_by_its_branch(github: GithubTwin) -> None:
    assert look() == Wanted(7, "feature-7")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"head": {"ref": "main", "sha": VERSION, "repo": {"full_name": "stranger/app"}}}, "is from stranger/app"),
        ({"head": {"ref": "main", "sha": VERSION, "repo": None}}, "is from a fork that is gone"),
        ({"state": "closed"}, "7 is closed"),
    ],
)
def test_a_fork_and_what_is_closed_are_refused(github: GithubTwin, told: dict[str, Any], said: str) -> None:
    github.state.heads[7] = told
    with pytest.raises(BadInput, match=said):
        look()


def test_what_is_not_there_and_another_repository_are_refused(github: GithubTwin) -> None:
    with pytest.raises(BadInput, match="8 is not in securyflex/app"):
        look(number=8)
    with pytest.raises(BadInput, match="is not securyflex/app"):
        look("https://github.com/stranger/app")


def test_an_answer_about_another_pull_request_is_not_believed(github: GithubTwin) -> None:
    github.state.heads[7] = {"number": 8}
    with pytest.raises(Rejected, match="was told of 8"):
        look()


def test_a_run_that_waited_does_not_show_an_old_commit(github: GithubTwin) -> None:
    check_pull_request.check_is_newest.fn("staging", 7, VERSION)
    with pytest.raises(BadInput, match="pull request 7 is at aaaaaaaaaaaa"):
        check_pull_request.check_is_newest.fn("staging", 7, "b" * 40)


def test_whether_it_is_still_open_is_asked_and_silence_is_no_reason_to_end_a_preview(github: GithubTwin) -> None:
    assert check_pull_request.is_still_open.fn("staging", 7)
    github.state.heads[7] = {"state": "closed"}
    assert not check_pull_request.is_still_open.fn("staging", 7)
    github.moods.set("pulls/get", "forbidden", times=-1)
    assert check_pull_request.is_still_open.fn("staging", 7)


def test_without_github_the_ref_is_the_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_pull_request, "load_environment", lambda _name: environment({}))
    assert look("https://elsewhere.example/a/b") == Wanted(7, "some-ref")
    assert check_pull_request.is_still_open.fn("staging", 7)


@pytest.mark.parametrize(
    ("repository", "is_theirs"),
    [
        ("https://github.com/securyflex/app", True),
        ("https://token@github.com/SecuryFlex/App.git/", True),
        ("git@github.com:securyflex/app.git", True),
        ("ssh://git@github.com/securyflex/app", True),
        ("/srv/mirrors/anything", True),
        ("https://github.com/stranger/app", False),
        ("git@github.com:notsecuryflex/app.git", False),
        ("https://github.com/securyflex/app-two", False),
        ("https://github.com:443/securyflex/app", True),
        ("github.com:securyflex/app.git", True),
        ("https://stranger.example/securyflex/app", False),
        ("git@stranger.example:securyflex/app.git", False),
        ("https://github.com@stranger.example/securyflex/app", False),
        ("https://stranger.example/github.com/securyflex/app", False),
    ],
)
def test_a_repositorys_address_is_held_against_its_name(repository: str, is_theirs: bool) -> None:
    assert is_of(repository, "github.com", REPOSITORY) is is_theirs


@pytest.mark.parametrize(
    ("api", "host"),
    [
        ("https://api.github.com", "github.com"),
        ("https://git.example/api/v3", "git.example"),
        ("https://api.us.ghe.com", "us.ghe.com"),
    ],
)
def test_repositories_are_cloned_from_where_the_api_is(api: str, host: str) -> None:
    assert Github(repository=REPOSITORY, token="env:X", api=api).host == host


@dataclass
class Shelf:
    """Previews that are only numbers, the one touched longest ago first."""

    alive: list[int]
    ended: list[int] = field(default_factory=list)
    looks: int = 0
    touched_at_the_second_look: tuple[int, ...] = ()

    def all(self) -> list[Preview]:
        self.looks += 1
        again = self.touched_at_the_second_look if self.looks > 1 else ()
        touched = {number: number + (1_000.0 if number in again else 0.0) for number in self.alive}
        return [Preview(number, VERSION, "r", "http://x", True, touched[number], ()) for number in self.alive]

    def close(self, pull_request: int, say: Say) -> tuple[str, ...]:
        self.alive.remove(pull_request)
        self.ended.append(pull_request)
        return ("it",)

    def database(self, wanted: Wanted, say: Say, *, is_anew: bool = False) -> str:
        raise AssertionError("not asked for")

    def show(self, source: Source, wanted: Wanted, variables: Mapping[str, str], say: Say) -> Preview:
        raise AssertionError("not asked for")


@dataclass
class Kept:
    """What runs of previews left in a store."""

    keys: list[str]

    def list(self, prefix: str) -> Sequence[StoredObject]:
        return [StoredObject(key, 0, 0.0) for key in self.keys if key.startswith(prefix)]

    def delete(self, key: str) -> None:
        self.keys.remove(key)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    found = Kept([f"releases/shop/preview-{number}-0123abcd/note.json" for number in (1, 2, 11)])
    monkeypatch.setattr(previews, "objects_of", lambda _environment: found)
    return found


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: Kept) -> tuple[Shelf, dict[str, Any]]:
    shelf, rules = Shelf([]), dict[str, Any]({"most": 3})

    def load(_name: str) -> Environment:
        return environment({"state_folder": str(tmp_path), "previews": rules})

    monkeypatch.setattr(previews, "previews_of", lambda _environment, _app: shelf)
    monkeypatch.setattr(previews, "load_environment", load)
    monkeypatch.setattr("tasks.release.load_environment", load)
    return shelf, rules


ASKED = Asked(ORDER, Wanted(7, "feature"))


@pytest.mark.parametrize(
    ("alive", "ended"),
    [([], ()), ([1, 2], ()), ([1, 2, 7], ()), ([1, 2, 3], (1,)), ([1, 2, 3, 4, 5], (1, 2, 3)), ([1, 2, 3, 7], (1,))],
)
def test_those_touched_longest_ago_make_room(
    room: tuple[Shelf, dict[str, Any]], alive: list[int], ended: tuple[int, ...]
) -> None:
    room[0].alive = alive
    assert make_room_for_preview.make_room_for_preview.fn(ASKED) == ended


def test_one_that_somebody_works_on_now_stays(room: tuple[Shelf, dict[str, Any]]) -> None:
    room[0].alive = [1, 2, 3]
    with preview_held("staging", "shop", 1):
        assert make_room_for_preview.make_room_for_preview.fn(ASKED) == (2,)


def test_one_that_was_touched_since_it_was_seen_stays(room: tuple[Shelf, dict[str, Any]]) -> None:
    room[0].alive, room[0].touched_at_the_second_look = [1, 2, 3], (1,)
    assert make_room_for_preview.make_room_for_preview.fn(ASKED) == (2,)


def test_with_a_preview_goes_what_its_runs_left(room: tuple[Shelf, dict[str, Any]], kept: Kept, tmp_path: Path) -> None:
    room[0].alive = [1, 2, 3]
    for name in ("preview-1-0123abcd", "preview-11-0123abcd"):
        (tmp_path / "staging" / "checks" / name).mkdir(parents=True)
    assert make_room_for_preview.make_room_for_preview.fn(ASKED) == (1,)
    assert [path.name for path in (tmp_path / "staging" / "checks").iterdir()] == ["preview-11-0123abcd"]
    assert [key.split("-")[1] for key in kept.keys] == ["2", "11"]


def test_where_the_policy_says_so_the_next_one_is_refused(room: tuple[Shelf, dict[str, Any]]) -> None:
    room[0].alive, room[1]["when_full"] = [1, 2, 3], "refuse"
    with pytest.raises(Rejected, match="3 may be: 1, 2, 3") as no:
        make_room_for_preview.make_room_for_preview.fn(ASKED)
    assert "--pull-request 1 --close" in no.value.hint
    assert room[0].ended == []


def test_a_preview_is_given_nothing_of_the_apps_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_LIVE", "planted-live-key-4711")
    monkeypatch.setenv("T_TEST", "planted-test-key-4711")
    table = {
        "app": {"variables": {"PAYMENTS": "live"}, "secret_variables": {"LIVE_KEY": "env:T_LIVE"}},
        "previews": {"variables": {"PAYMENTS": "test"}, "secret_variables": {"TEST_KEY": "env:T_TEST"}},
    }
    monkeypatch.setattr("tasks.release.load_environment", lambda _name: environment(table))
    assert variables_of(ASKED, "postgresql://own") == {
        "PAYMENTS": "test",
        "TEST_KEY": "planted-test-key-4711",
        "DATABASE_URL": "postgresql://own",
        "APP_VERSION": "feature",
        "APP_ENVIRONMENT": "preview",
    }
