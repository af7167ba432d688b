"""A preview at Vercel's and Supabase's twins, with a real Postgres behind the branch: opened, updated, closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from apps import commit, git, manifest, server
from prefect.client.schemas.objects import State

from deployments.twins.staging import staging_at_twins
from deployments.twins.supabase import SupabaseTwin
from deployments.twins.vercel import VercelTwin
from flows.preview import preview
from infra.environment import Environment, load_environment
from infra.local.postgres_empty import empty_cluster
from infra.previews import Preview
from infra.previews.of_environment import previews_of

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
APP = "previewed-app"
APP_TABLE = """
variables = { PAYMENTS = "https://payments.live.example" }
secret_variables = { LIVE_KEY = "env:T_LIVE_KEY" }
"""
RULES = """
[watch]
previous_percent = 0

[previews.variables]
PAYMENTS = "https://payments.test.example"

[previews.secret_variables]
TEST_KEY = "env:T_TEST_KEY"
"""
SECRETS = {"T_LIVE_KEY": "planted-live-key-4711", "T_TEST_KEY": "planted-test-key-4711"}
NOBODY = "postgresql://postgres:planted-production-pw@127.0.0.1:1/postgres"


@dataclass(frozen=True)
class Previewed:
    """The twins, the repository, and the way into the branches' database."""

    vercel: VercelTwin
    supabase: SupabaseTwin
    repository: Path
    database: str

    def run(self, ref: str, action: str = "open") -> State[Any]:
        asked = {"repository": str(self.repository), "ref": ref, "pull_request": 7, "action": action}
        return preview(**asked, environment="staging", return_state=True)

    def all(self) -> list[Preview]:
        return previews_of(load_environment("staging"), APP).all()

    def columns(self) -> list[str]:
        with psycopg.connect(self.database) as connection:
            asked = "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'shifts' ORDER BY 1"
            return [str(name) for (name,) in connection.execute(asked).fetchall()]

    def answers(self, url: str) -> int:
        try:
            return httpx.get(url, headers={"x-vercel-protection-bypass": self.vercel.bypass}).status_code
        except httpx.ConnectError:
            return 0


@pytest.fixture
def staging(started_platform: Environment, tmp_path: Path) -> Iterator[Previewed]:
    made = staging_at_twins(
        started_platform, APP, tmp_path, RULES, app_table=APP_TABLE, database_url=NOBODY, variables=SECRETS
    )
    with made as twins, empty_cluster(started_platform, print) as cluster:
        access, state = cluster.access, twins.supabase.state
        state.add_branch("main", "main", is_default=True)
        state.branch_at = {
            "db_host": access.host,
            "db_port": access.port,
            "db_user": access.user,
            "db_pass": access.password,
        }
        state.on_drop = lambda _branch: _empty(access.url)
        yield Previewed(twins.vercel, twins.supabase, tmp_path / "app", access.url)


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def test_a_preview_is_opened_updated_and_closed_and_nothing_is_left_at_the_vendors(staging: Previewed) -> None:
    told = staging.repository.parent / "told"
    more = f'\n[smoke]\ncommand = "env > {told}"\n[schema]\ntool = "sql"\ndirectory = "db"\n'
    files = {"pipeline.toml": manifest(APP, more), "server.py": server()}
    commit(staging.repository, "v1", {**files, "db/001_shifts.sql": "CREATE TABLE shifts (id int PRIMARY KEY);"})
    git(staging.repository, "switch", "-q", "-c", "feature")

    opened = staging.run("feature")
    assert opened.name == "Opened", opened.message
    (first,) = staging.all()
    assert staging.answers(first.url) == 200
    assert not told.exists(), "what nobody has merged is not given the way into every deployment"
    assert staging.columns() == ["id"]
    (made,) = staging.vercel.production.deployments.values()
    assert made.env["DATABASE_URL"] == staging.database
    assert (made.env["PAYMENTS"], made.env["TEST_KEY"]) == ("https://payments.test.example", "planted-test-key-4711")
    assert "LIVE_KEY" not in made.env
    assert made.target is None
    assert {(one.branch, one.target) for one in staging.vercel.variables.stored} == {("feature", ("preview",))}

    commit(staging.repository, "v2", {"db/002_note.sql": "ALTER TABLE shifts ADD COLUMN note text;"})
    assert staging.run("feature").name == "Opened"
    (second,) = staging.all()
    assert (staging.answers(first.url), staging.answers(second.url)) == (0, 200)
    assert staging.columns() == ["id", "note"]
    assert len(staging.supabase.calls("v1-create-a-branch")) == 1

    closed = staging.run("feature", "close")
    assert closed.name == "Closed"
    assert "its database branch" in (closed.message or "")
    assert staging.all() == []
    assert staging.vercel.production.deployments == {}
    assert staging.vercel.variables.stored == []
    assert [branch["name"] for branch in staging.supabase.state.branches] == ["main"]
    assert staging.run("feature", "close").name == "Closed"
