"""A bare repository in GitHub's place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from apps import commit, git
from conftest import Tiny, tiny_at
from moody_server import moody

from deployments.trigger.decide import branches_of, decide
from deployments.trigger.event import read_event
from deployments.trigger.post_receive import MARK, install, push_payload
from infra.errors import BadInput


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    folder = tmp_path / "app.git"
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    return folder


def push(folder: Path, bare: Path, ref: str, **variables: str) -> str:
    """What the person who pushes reads."""
    words = ["git", "-C", str(folder), "push", str(bare), ref]
    done = subprocess.run(
        words, check=True, capture_output=True, text=True, env={**os.environ, **variables}, timeout=200
    )
    return done.stderr


def test_its_payload_is_read_like_githubs(tmp_path: Path, bare: Path) -> None:
    sha = commit(tmp_path / "work", "v1", {"a": "1"})
    git(tmp_path / "work", "push", "-q", str(bare), "main")
    payload = push_payload(bare, "0" * 40, sha, "refs/heads/main")
    (tmp_path / "event.json").write_text(json.dumps(payload))
    variables = {
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "local/app",
        "GITHUB_REF": "refs/heads/main",
        "PIPELINE_REPOSITORY": str(bare),
    }
    order = decide(read_event(variables), branches_of("main=local"))
    assert (order.flow, order.environment) == ("release", "local")
    assert order.parameters["ref"] == sha
    assert order.parameters["repository"] == str(bare)


def test_the_hook_may_be_written_again_but_never_over_another(bare: Path) -> None:
    hook = install(bare, "main=local")
    assert install(bare, "main=local, develop=local") == hook
    assert "PIPELINE_BRANCHES=main=local,develop=local" in hook.read_text()
    assert os.access(hook, os.X_OK)
    hook.write_text("#!/bin/sh\necho mine\n")
    with pytest.raises(BadInput, match="somebody else's"):
        install(bare, "main=local")
    assert MARK not in hook.read_text()


def test_a_folder_that_is_no_bare_repository_is_refused(tmp_path: Path) -> None:
    commit(tmp_path / "work", "v1", {"a": "1"})
    with pytest.raises(BadInput, match="work tree"):
        install(tmp_path / "work" / ".git", "main=local")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no git repository"):
        install(tmp_path / "empty", "main=local")
    with pytest.raises(BadInput, match="branches"):
        install(tmp_path / "empty", "main")


def test_other_branches_and_tags_are_pushed_without_a_release(tmp_path: Path, bare: Path) -> None:
    install(bare, "main=local")
    commit(tmp_path / "work", "v1", {"a": "1"})
    git(tmp_path / "work", "checkout", "-q", "-b", "feature")
    assert "refs/heads/feature: nothing is released for it" in push(tmp_path / "work", bare, "feature")
    assert "refs/tags/v1: nothing is released for it" in push(tmp_path / "work", bare, "v1")


def test_a_push_is_kept_and_says_why_nothing_was_released_when_prefect_is_away(tmp_path: Path, bare: Path) -> None:
    tiny = tiny_at("http://127.0.0.1:1/api", tmp_path)
    install(bare, "main=tiny")
    sha = commit(tmp_path / "work", "v1", {"a": "1"})
    where = {"PIPELINE_ENVIRONMENTS": str(tiny.folder / "environments"), "PIPELINE_SILENCE_SECONDS": "1"}
    said = push(tmp_path / "work", bare, "main", PREFECT_API_URL="", **where)
    assert "no answer from Prefect at http://127.0.0.1:1/api" in said
    assert git(bare, "rev-parse", "main") == sha


def test_ctrl_c_in_a_push_takes_its_release_back(tmp_path: Path, bare: Path) -> None:
    """As a terminal does it: to git, the hook and the verb at once. Prefect is busy when it is asked first."""

    def busy(what: str, before: int) -> tuple[int, bytes] | None:
        return (503, b"busy") if what == "set_state" and before < 2 else None

    install(bare, "main=tiny")
    commit(tmp_path / "work", "v1", {"a": "1"})
    with moody(busy) as (server, url):
        server.looks_until_over = 10_000
        where = {"PIPELINE_ENVIRONMENTS": str(tiny_at(url, tmp_path).folder / "environments"), "PREFECT_API_URL": url}
        words = ["git", "-C", str(tmp_path / "work"), "push", str(bare), "main"]
        process = subprocess.Popen(words, env={**os.environ, **where}, start_new_session=True)
        wait("a run", lambda: server.asked.count("flow_run") > 1)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)
        wait("the request to go back", lambda: server.is_cancelled)
        wait("the end of all of it", lambda: not is_alive(process.pid))


def wait(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.platform
def test_a_push_is_released_and_the_person_who_pushed_reads_how(
    tiny: Tiny, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hook keeps what was set when it was made.
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tiny.folder / "environments"))
    monkeypatch.setenv("PREFECT_API_URL", tiny.url)
    install(bare, "main=tiny")
    sha = commit(tiny.folder / "work", "v1", {"a": "1"})
    said = push(tiny.folder / "work", bare, "main")
    assert "Promoted" in said
    assert f"release {sha} in tiny" in said


def test_the_hook_runs_this_python(bare: Path) -> None:
    assert sys.executable in install(bare, "main=local").read_text()
