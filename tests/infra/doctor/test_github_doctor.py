"""The doctor at GitHub's twin: all well, and each right that is missing with its exact fix."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deployments.bench.vendors_github import app_settings
from deployments.twins.github import GithubTwin
from deployments.twins.github_state import REPOSITORY
from infra.doctor import Finding, examine
from infra.doctor.github import check_github
from infra.environment import Environment, Github


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubTwin]:
    with GithubTwin() as found:
        monkeypatch.setenv("T_GITHUB_TOKEN", found.token)
        yield found


def found(twin: GithubTwin, token: str = "env:T_GITHUB_TOKEN", **more: str) -> dict[str, Finding]:
    github = Github(repository=REPOSITORY, token=token, api=twin.url)
    where = Environment(
        name="staging", kind="staging", github=github, **{"prefect_api": "http://127.0.0.1:1/api"} | more
    )
    return {one.what: one for one in examine(check_github(where))}


def found_by_app(twin: GithubTwin, **more: object) -> dict[str, Finding]:
    settings = app_settings(twin).model_copy(update=more)
    where = Environment(name="staging", kind="staging", github=settings)
    return {one.what: one for one in examine(check_github(where))}


@pytest.fixture
def app_twin(twin: GithubTwin, monkeypatch: pytest.MonkeyPatch) -> GithubTwin:
    twin.token = "nobody has this one"
    monkeypatch.setenv("GITHUB_APP_KEY", twin.app_key)
    return twin


def test_an_app_that_is_well_says_what_its_tokens_may(app_twin: GithubTwin) -> None:
    rows = found_by_app(app_twin)
    assert {row.state for row in rows.values()} == {"well"}
    assert "may write checks, deployments, issues, pull_requests, statuses" in rows["App"].fact
    assert "token" not in rows
    assert not any(secret in f"{rows}" for secret in app_twin.state.tokens)


@pytest.mark.parametrize("right", ["checks", "pull_requests", "deployments"])
def test_a_right_that_an_app_lacks_is_a_fault(app_twin: GithubTwin, right: str) -> None:
    app_twin.state.may_write.discard(right)
    rows = found_by_app(app_twin)
    assert (rows["App"].state, right in rows["App"].fact, "Permissions" in rows["App"].fix) == ("missing", True, True)
    assert rows["checks"].state == ("missing" if right == "checks" else "well")


def test_an_app_that_is_installed_elsewhere_is_named_with_its_fix(app_twin: GithubTwin) -> None:
    row = found_by_app(app_twin, installation=99)["App"]
    assert (row.state, "has no installation 99" in row.fix) == ("missing", True)


def test_all_is_well_and_nothing_is_changed(twin: GithubTwin) -> None:
    rows = found(twin)
    assert {row.state for row in rows.values()} == {"well"}
    assert "4990 of 5000" in rows["requests left"].fact
    state = twin.state
    made = [state.deployments, state.check_runs, state.issues, state.commit_statuses, state.comments]
    assert [len(some) for some in made] == [0] * 5


MISSING = {
    "deployments": ("deployments", "Deployments: Read and write"),
    "statuses": ("commit statuses", "Commit statuses: Read and write"),
    "issues": ("issues", "Issues: Read and write"),
}


@pytest.mark.parametrize("right", MISSING)
def test_a_right_that_is_missing_is_named_with_its_fix(twin: GithubTwin, right: str) -> None:
    twin.state.may_write.discard(right)
    name, fix = MISSING[right]
    rows = found(twin)
    assert [row.what for row in rows.values() if row.state != "well"] == [name]
    assert fix in rows[name].fix


def test_a_token_that_is_not_an_apps_is_no_fault_but_is_told(twin: GithubTwin) -> None:
    twin.state.may_write.discard("checks")
    row = found(twin)["checks"]
    assert row.state == "well"
    assert "GitHub App" in row.fact


def spoil_token(_twin: GithubTwin, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("T_GITHUB_TOKEN", "another-token-of-nobody")


def spoil_archive(twin: GithubTwin, _patch: pytest.MonkeyPatch) -> None:
    twin.state.is_archived = True


def spoil_rate(twin: GithubTwin, _patch: pytest.MonkeyPatch) -> None:
    twin.state.remaining = 3


SPOILED: dict[str, tuple[Callable[[GithubTwin, pytest.MonkeyPatch], None], str]] = {
    "token": (spoil_token, "answered 401"),
    "repository": (spoil_archive, "is archived"),
    "requests left": (spoil_rate, "3 of 5000"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_is_wrong_is_said_with_a_next_step(twin: GithubTwin, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    spoil, said = SPOILED[what]
    spoil(twin, monkeypatch)
    row = found(twin)[what]
    assert (row.state, said in row.fact, bool(row.fix)) == ("missing", True, True)
    assert "another-token-of-nobody" not in f"{row}"


def test_a_block_that_nobody_can_be_asked_about_is_silence(twin: GithubTwin) -> None:
    assert found(twin, "block:github-credentials/main")["token"].state == "silent"


@pytest.mark.parametrize("answer", [b"<html>sign in</html>", b"[]"])
def test_an_address_that_is_not_prefects_is_named_as_such(twin: GithubTwin, answer: bytes) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/api"
        row = found(twin, "block:github-credentials/main", prefect_api=address)["token"]
        server.shutdown()
    assert (row.state, "something else" in row.fact, "/api" in row.fix) == ("missing", True, True)


def test_without_the_table_one_row_says_so() -> None:
    (row,) = examine(check_github(Environment(name="staging", kind="staging")))
    assert (row.state, "none is named" in row.fact) == ("well", True)
