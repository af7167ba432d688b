"""Previews of pull requests: opened, brought to the next commit and closed, on this machine and at vendors' twins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from apps import commit, git, manifest
from github_shown import shown_at
from prefect.client.schemas.objects import State

from deployments.twins.github import GithubTwin
from flows.preview import preview
from infra.database.connection import access_to, connected
from infra.database.local import LocalDatabase
from infra.environment import Environment
from infra.errors import Rejected
from infra.hosting.local import previews_folder
from infra.previews.of_environment import previews_of
from tasks.code_review import settle

pytestmark = [pytest.mark.platform, pytest.mark.slow]
APP = "preview-app"
SEES = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SHIFTS = "CREATE TABLE shifts (id int PRIMARY KEY);"


def app(more: str = "") -> dict[str, str]:
    return {
        "pipeline.toml": manifest(APP, f'{more}\n[schema]\ntool = "sql"\ndirectory = "db"\n'),
        "server.py": SEES,
        "db/001_shifts.sql": SHIFTS,
    }


def run(repository: Path, ref: str, action: str = "open", number: int = 7, environment: str = "local") -> State[Any]:
    """The last state of the flow in this process."""
    asked = {"repository": str(repository), "ref": ref, "pull_request": number, "action": action}
    return preview(**asked, environment=environment, return_state=True)


class ClosedInBetween(dict[int, dict[str, Any]]):
    """What GitHub tells of pull requests: at the third look each is closed."""

    looks = 0

    def get(self, _number: int, _default: Any = None) -> Any:
        self.looks += 1
        return {"state": "closed"} if self.looks == 3 else {}


def address(state: State[Any]) -> str:
    assert state.name == "Opened", state.message
    found = re.search(r"http://\S+", state.message or "")
    assert found
    return found[0]


def refused_at(url: str) -> bool:
    try:
        httpx.get(url, timeout=2)
    except httpx.ConnectError:
        return True
    return False


@pytest.fixture
def repository(started_platform: Environment, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "app"
    commit(folder, "v1", app())
    yield folder
    for one in previews_of(started_platform, APP).all():
        previews_of(started_platform, APP).close(one.pull_request, print)


def test_a_preview_is_opened_brought_to_the_next_commit_and_closed_and_nothing_is_left(
    started_platform: Environment, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LocalDatabase(started_platform).ensure(APP)
    git(repository, "switch", "-q", "-c", "feature")
    first = address(run(repository, "feature"))
    sees = httpx.get(first).json()
    assert (sees["APP_ENVIRONMENT"], sees["APP_VERSION"]) == ("preview", "feature")
    assert list((started_platform.state / "checks").glob("preview-7-*")) == [], "its tests are over"
    assert not (started_platform.state / "sources" / git(repository, "rev-parse", "HEAD")).exists()
    assert urlsplit(sees["DATABASE_URL"]).path == f"/{APP}_preview_7"
    own = access_to(sees["DATABASE_URL"])
    with connected(own) as connection:
        connection.execute("INSERT INTO shifts VALUES (1)")
    with (
        pytest.raises(Rejected, match="permission denied"),
        connected(access_to(sees["DATABASE_URL"].replace(f"/{APP}_preview_7", urlsplit(live).path))),
    ):
        pass

    commit(repository, "v2", {"db/002_note.sql": "ALTER TABLE shifts ADD COLUMN note text;"})
    second = address(run(repository, "feature"))
    assert refused_at(first)
    assert httpx.get(second).json()["DATABASE_URL"] == sees["DATABASE_URL"]
    with connected(own) as connection:
        assert connection.execute("SELECT id, note FROM shifts").fetchall() == [(1, None)]

    closed = run(repository, "feature", "close")
    assert closed.name == "Closed"
    assert "its database" in (closed.message or "")
    assert refused_at(second)
    assert previews_of(started_platform, APP).all() == []
    left = [path for path in previews_folder(started_platform).rglob("*") if path.is_file() and "lock" not in path.name]
    assert left == []
    assert list((started_platform.state / "checks").glob("preview-7-*")) == []
    again = run(repository, "feature", "close")
    assert (again.name, "nothing was there" in (again.message or "")) == ("Closed", True)
    assert not (started_platform.state / "sources" / git(repository, "rev-parse", "HEAD")).exists()


def test_a_version_that_may_not_be_shown_stops_before_its_code_runs_and_a_rewritten_revision_gets_a_new_database(
    started_platform: Environment, repository: Path
) -> None:
    url = address(run(repository, "main"))
    trap = '[checks]\nunit = "touch ../../../was-run"\n'
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7bq" * 20 + "\n-----END RSA PRIVATE KEY-----\n"
    commit(
        repository,
        "leak",
        {**app(trap), "config.py": 'TOKEN = "ghp_' + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" + '"\n', "key.pem": key},
    )
    stopped = run(repository, "leak")
    assert stopped.name == "GateClosed", stopped.message
    assert "secrets" in (stopped.message or "")
    assert not (started_platform.state / "was-run").exists()
    assert httpx.get(url).status_code == 200, "the one before stays"

    commit(
        repository,
        "rewritten",
        {**app(), "config.py": "", "key.pem": "", "db/001_shifts.sql": SHIFTS.replace("int", "bigint")},
    )
    other = address(run(repository, "rewritten"))
    own = httpx.get(other).json()["DATABASE_URL"]
    with psycopg.connect(own) as connection:
        found = connection.execute("SELECT data_type FROM information_schema.columns WHERE table_name = 'shifts'")
        assert found.fetchall() == [("bigint",)]


def test_the_preview_touched_longest_ago_makes_room_or_the_next_one_is_refused(
    started_platform: Environment, repository: Path, platform_variables: dict[str, str]
) -> None:
    file = Path(platform_variables["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    before = file.read_text()
    try:
        file.write_text(before + "\n[previews]\nmost = 2\n")
        for number in (1, 2, 3):
            address(run(repository, "main", number=number))
        alive = [one.pull_request for one in previews_of(started_platform, APP).all()]
        assert alive == [2, 3]
        file.write_text(before + '\n[previews]\nmost = 2\nwhen_full = "refuse"\n')
        refused = run(repository, "main", number=4)
        assert refused.name == "GateClosed"
        assert "2 may be: 2, 3" in (refused.message or "")
        assert address(run(repository, "main", number=2)), "one that is alive already may go on"
    finally:
        file.write_text(before)


def test_a_fork_is_refused_before_anything_of_it_is_fetched_and_the_comment_is_kept_up_to_date(
    started_platform: Environment,
    repository: Path,
    platform_variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with GithubTwin() as twin, shown_at(twin, Path(platform_variables["PIPELINE_ENVIRONMENTS"]), monkeypatch):
        version = git(repository, "rev-parse", "HEAD")
        twin.state.pulls = {version: [7]}
        twin.state.heads[8] = {"head": {"ref": "main", "sha": version, "repo": {"full_name": "stranger/app"}}}
        fork = run(repository, "main", number=8)
        assert (fork.name, "stranger/app" in (fork.message or "")) == ("Refused", True)
        gone = run(repository, "main", number=9)
        assert (gone.name, "is not in securyflex/app" in (gone.message or "")) == ("Refused", True)
        assert previews_of(started_platform, APP).all() == []

        url = address(run(repository, "main"))
        (comment,) = twin.state.comments[7]
        assert url in comment["body"]
        assert "postgresql" not in comment["body"]
        twin.state.heads[7] = {"state": "closed"}
        assert run(repository, "main").name == "Refused"
        assert run(repository, "main", "close").name == "Closed"
        (comment,) = twin.state.comments[7]
        assert "has ended" in comment["body"]
        assert run(repository, "main", "close", number=6).name == "Closed"
        settle()
        assert list(twin.state.comments) == [7], "where nothing was shown nothing is said"


def test_a_pull_request_that_is_closed_while_its_preview_is_made_leaves_none(
    started_platform: Environment,
    repository: Path,
    platform_variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with GithubTwin() as twin, shown_at(twin, Path(platform_variables["PIPELINE_ENVIRONMENTS"]), monkeypatch):
        twin.state.pulls = {git(repository, "rev-parse", "HEAD"): [7]}
        twin.state.heads = ClosedInBetween()
        ended = run(repository, "main")
        assert (ended.name, "it was closed meanwhile" in (ended.message or "")) == ("Closed", True)
        assert previews_of(started_platform, APP).all() == []
        assert 7 not in twin.state.comments
