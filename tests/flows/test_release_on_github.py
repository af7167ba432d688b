"""Releases on the real local platform, shown at GitHub's twin: what people see there, and that it costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import EVERY_OTHER, commit, manifest, server
from contracts import check_log, documents
from github_shown import PAGES, checks, said_to, shown_at, states, writes
from prefect.client.schemas.objects import State

from deployments.twins.github import GithubTwin
from deployments.twins.moods import EVERY_CALL, FOREVER, Kind
from flows.release import release
from flows.rollback import rollback
from infra.code_review.github_calls import CALLS
from infra.environment import Environment
from tasks.code_review import settle, tell_ends

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
PULL = 7
# Every mood with every call is tried without a platform, beside the telling itself.
WHOLE: tuple[Kind, ...] = ("silent", "lost", "malformed")
FAILING = """
import sys
print("server.py:3: AssertionError: planted")
print("DATABASE_URL=postgresql://app:planted-pw-4711@127.0.0.1/app @everybody")
sys.exit(1)
"""


@pytest.fixture
def twin(
    started_platform: Environment, platform_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[GithubTwin]:
    with GithubTwin() as found:
        with shown_at(found, Path(platform_variables["PIPELINE_ENVIRONMENTS"]), monkeypatch):
            yield found
        settle()


def run(repository: Path, ref: str) -> State[Any]:
    return release(repository=str(repository), ref=ref, environment="local", return_state=True)


def test_a_good_and_a_bad_release_are_shown_from_begin_to_end(twin: GithubTwin, tmp_path: Path) -> None:
    repository = tmp_path / "app"
    good = commit(repository, "v1", {"pipeline.toml": manifest("shown-app"), "server.py": server()})
    bad = commit(repository, "v2", {"server.py": server(EVERY_OTHER)})
    twin.state.pulls = {good: [PULL], bad: [PULL]}

    assert run(repository, "v1").name == "Promoted"
    assert states(twin, good) == [["in_progress", "success"]]
    assert set(checks(twin, good).values()) == {"success"}
    assert {"pipeline / local / unit tests", "pipeline / local / smoke tests", "pipeline / local / promote"} < set(
        checks(twin, good)
    )
    assert [one["state"] for one in twin.state.commit_statuses[good]] == ["pending", "success"]

    assert run(repository, "v2").name == "RolledBack"
    assert states(twin, bad) == [["in_progress", "failure"]]
    assert states(twin, good) == [["in_progress", "success"]], "it is still what everybody gets"
    assert checks(twin, bad)["pipeline / local / canary 20 %"] == "failure"
    assert "in_progress" not in checks(twin, bad).values()
    (comment,) = twin.state.comments[PULL]
    assert "`v2` in **local**: was rolled back" in comment["body"]
    assert comment["created_at"] <= comment["updated_at"]
    run_page = twin.state.check_runs[0]["details_url"]
    assert run_page.startswith(f"{PAGES}/runs/flow-run/")
    assert twin.state.statuses[twin.state.deployments[0]["id"]][0]["log_url"] == run_page
    assert twin.token not in said_to(twin)

    before = len(writes(twin))
    tell_ends("local")
    settle()
    assert len(writes(twin)) == before, "told twice, it changes nothing"


def test_all_that_went_over_the_wire_is_as_the_document_says(twin: GithubTwin, tmp_path: Path) -> None:
    found = documents("github.json")
    commit(tmp_path / "app", "v1", {"pipeline.toml": manifest("wire-app"), "server.py": server()})
    assert run(tmp_path / "app", "v1").name == "Promoted"
    checked = check_log(twin, found, CALLS)
    outside = {call.operation for call in CALLS if not call.source}
    assert [one for one in checked if one.problems] == []
    assert {one.operation for one in checked if not one.is_described} <= outside


def test_a_failing_test_is_remarked_at_its_line_and_names_no_secret_and_nobody(
    twin: GithubTwin, tmp_path: Path
) -> None:
    more = '[checks]\nunit = "python3 failing.py"\n'
    files = {"pipeline.toml": manifest("remarked-app", more), "server.py": server(), "failing.py": FAILING}
    sha = commit(tmp_path / "app", "v1", files)
    twin.state.pulls = {sha: [PULL]}

    assert run(tmp_path / "app", "v1").name == "GateClosed"

    assert states(twin, sha) == [["in_progress", "failure"]]
    failed = next(one for one in twin.state.check_runs if one["name"].endswith("unit tests"))
    remarks = twin.state.annotations[failed["id"]]
    assert [(one["path"], one["start_line"]) for one in remarks] == [("server.py", 3)]
    assert "planted-pw-4711" not in said_to(twin)
    assert "in_progress" not in checks(twin, sha).values()


def test_after_rolling_back_by_hand_the_version_that_is_live_again_says_so(twin: GithubTwin, tmp_path: Path) -> None:
    first = commit(tmp_path / "app", "v1", {"pipeline.toml": manifest("returned-app"), "server.py": server()})
    second = commit(tmp_path / "app", "v2", {"note": "second"})
    for ref in ("v1", "v2"):
        assert run(tmp_path / "app", ref).name == "Promoted"
    assert states(twin, first) == [["in_progress", "success", "inactive"]]

    assert rollback(app="returned-app", reason="a test", environment="local", return_state=True).name == "RolledBack"
    assert states(twin, first) == [["in_progress", "success", "inactive", "success"]]
    assert states(twin, second) == [["in_progress", "success", "inactive"]]


def test_without_the_right_to_write_checks_all_else_is_told(twin: GithubTwin, tmp_path: Path) -> None:
    twin.state.may_write.discard("checks")
    sha = commit(tmp_path / "app", "v1", {"pipeline.toml": manifest("unchecked-app"), "server.py": server()})

    assert run(tmp_path / "app", "v1").name == "Promoted"

    assert states(twin, sha) == [["in_progress", "success"]]
    assert len(twin.calls("checks/create")) == 1, "asked once, then never again"


@pytest.fixture
def app_twin(
    started_platform: Environment, platform_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[GithubTwin]:
    with GithubTwin() as found:
        found.token = "nobody has this one"
        with shown_at(found, Path(platform_variables["PIPELINE_ENVIRONMENTS"]), monkeypatch, by_app=True):
            yield found
        settle()


def test_tokens_of_an_app_that_end_while_a_release_is_told_are_renewed_and_the_checks_go_on(
    app_twin: GithubTwin, tmp_path: Path
) -> None:
    app_twin.state.token_seconds = 3.0
    sha = commit(tmp_path / "app", "v1", {"pipeline.toml": manifest("app-app"), "server.py": server()})

    assert run(tmp_path / "app", "v1").name == "Promoted"

    tokens = app_twin.state.tokens
    used = {entry.request.bearer for entry in app_twin.log if entry.operation.startswith("checks/")}
    assert len(used) >= 2, "checks were written with one token and with the next"
    assert used <= set(tokens)
    assert states(app_twin, sha) == [["in_progress", "success"]]
    assert set(checks(app_twin, sha).values()) == {"success"}
    assert not any(secret in said_to(app_twin) for secret in (*tokens, app_twin.app_key))


@pytest.mark.parametrize("kind", WHOLE)
def test_a_release_ends_as_it_would_without_github_whatever_github_does(
    twin: GithubTwin, tmp_path: Path, kind: Kind
) -> None:
    sha = commit(tmp_path / "app", "v1", {"pipeline.toml": manifest(f"weather-{kind}"), "server.py": server()})
    twin.moods.set(EVERY_CALL, kind, times=FOREVER, seconds=30.0 if kind == "silent" else 0.1)

    assert run(tmp_path / "app", "v1").name == "Promoted"

    twin.moods.clear()
    tell_ends("local")
    settle()
    ((*_, last),) = states(twin, sha)
    assert last == "success", "what could not be told then is told by whoever comes next"
    assert "in_progress" not in checks(twin, sha).values()
