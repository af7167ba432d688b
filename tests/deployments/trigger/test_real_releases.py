"""The action's line and a real release of a real app on the local platform."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from apps import commit, git, manifest, server
from contracts import check_log, documents
from github_shown import checks, said_to, shown_at, states
from prefect_github import GitHubCredentials
from pydantic import SecretStr
from steps import Step, push

from deployments.twins.github import GithubTwin
from infra.code_review.github_calls import CALLS
from infra.environment import Environment
from infra.locks.of_environment import locks_of
from infra.platform import Platform, connect

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
PULL = 7
WAITING = '[smoke]\ncommand = "touch {0}/began; while ! test -e {0}/open; do sleep 0.5; done"\n'


def step(folder: Path, repository: Path, ref: str) -> Step:
    """A push of that commit of the app."""
    given = {"repository": str(repository), "branches": "main=local"}
    return Step(folder / f"job-{folder.name}", "push", push("main", ref), given, GITHUB_REF="refs/heads/main")


def live(platform: Platform) -> str:
    target = platform.edge.route().live_target
    return target.version if target else ""


def wait(what: str, is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not is_there():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.3)


def test_a_push_event_is_promoted(started_platform: Environment, tmp_path: Path) -> None:
    repository = tmp_path / "app"
    sha = commit(repository, "v1", {"pipeline.toml": manifest("pushed-app"), "server.py": server()})
    done = step(tmp_path, repository, sha).start().end(280)
    assert done.code == 0, done.log
    assert "Promoted" in done.summary
    assert httpx.get(connect(started_platform, "pushed-app").url).status_code == 200


def test_a_failed_stage_ends_the_job_with_its_code(started_platform: Environment, tmp_path: Path) -> None:
    more = '[checks]\nunit = "exit 1"\n'
    repository = tmp_path / "app"
    sha = commit(repository, "v1", {"pipeline.toml": manifest("failing-app", more), "server.py": server()})
    done = step(tmp_path, repository, sha).start().end(280)
    assert done.code == 3, done.log
    assert "::error" in done.log
    assert "unit tests at" in done.summary


def test_a_cancelled_job_leaves_nothing_of_its_release(started_platform: Environment, tmp_path: Path) -> None:
    repository = tmp_path / "app"
    files = {"pipeline.toml": manifest("cut-app", WAITING.format(tmp_path)), "server.py": server()}
    sha = commit(repository, "v1", files)
    platform = connect(started_platform, "cut-app")
    job = step(tmp_path, repository, sha).start()
    wait("the smoke tests", lambda: (tmp_path / "began").exists())

    job.signal(signal.SIGINT)

    job.wait_for("asked to go back")
    done = job.end(200)
    assert done.code == 6, done.log
    wait("a free environment", lambda: locks_of(started_platform).read() is None)
    assert live(platform) == ""
    assert not any(one.is_running for one in platform.hosting.deployments())


@pytest.fixture
def twin(started_platform: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubTwin]:
    """GitHub's, where the worker shows what it does; its token lies in a block, for the worker has no such variable."""
    with GithubTwin() as found:
        save_block(GitHubCredentials(token=SecretStr(found.token)), "of-the-twin")
        folder = Path(os.environ["PIPELINE_ENVIRONMENTS"])
        with shown_at(found, folder, monkeypatch, place="block:github-credentials/of-the-twin"):
            yield found


def save_block(block: GitHubCredentials, name: str) -> None:
    saved = block.save(name, overwrite=True)
    assert not inspect.isawaitable(saved)


def test_a_git_push_to_a_bare_repository_is_promoted_and_shown_at_github(
    started_platform: Environment, twin: GithubTwin, tmp_path: Path
) -> None:
    bare, work = tmp_path / "bare-app.git", tmp_path / "work"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    pipeline = str(Path(sys.executable).parent / "pipeline")
    subprocess.run([pipeline, "trigger-on-push", "--bare", str(bare), "--branches", "main=local"], check=True)
    sha = commit(work, "v1", {"pipeline.toml": manifest("bare-app"), "server.py": server()})
    twin.state.pulls = {sha: [PULL]}

    words = ["git", "-C", str(work), "push", str(bare), "main"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=280, check=True, env=dict(os.environ))

    assert "Promoted" in done.stderr, done.stderr
    assert git(bare, "rev-parse", "main") in done.stderr
    assert httpx.get(connect(started_platform, "bare-app").url).status_code == 200
    assert states(twin, sha) == [["in_progress", "success"]]
    assert [one["state"] for one in twin.state.commit_statuses[sha]] == ["pending", "success"]
    found = checks(twin, sha)
    assert {"pipeline / local / unit tests", "pipeline / local / smoke tests", "pipeline / local / promote"} < set(
        found
    )
    assert set(found.values()) == {"success"}
    (comment,) = twin.state.comments[PULL]
    assert "is live" in comment["body"], comment["body"]
    assert twin.token not in said_to(twin)
    problems = [one for one in check_log(twin, documents("github.json"), CALLS) if one.problems]
    assert problems == [], "every request and every answer is as GitHub's description says"
