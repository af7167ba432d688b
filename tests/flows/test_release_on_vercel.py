"""Whole releases to an environment at vendors: Vercel's and Supabase's twins, a real Postgres, a real object store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import psycopg
import pytest
from apps import commit, manifest, server
from prefect.client.schemas.objects import State
from psycopg import sql

from deployments.twins.supabase import SupabaseTwin
from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_sites import Behaviour
from flows.release import release
from flows.rollback import rollback
from infra.database.local import LocalDatabase
from infra.environment import Environment, load_environment
from infra.local.credentials import local_credentials
from infra.local.object_store import endpoint
from infra.local.postgres_settings import superuser
from infra.platform import Platform, connect
from tasks.release import platform_of

pytestmark = [pytest.mark.platform, pytest.mark.slow]
APP = "vercel-app"
FILE = """
name = "staging"
kind = "staging"

[app]
name = "vercel-app"

[objects]
endpoint = "{store}"
bucket = "staging"
backup_bucket = "staging-backups"
key = "env:T_STORE_KEY"
secret = "env:T_STORE_WORD"
backup_key = "env:T_BACKUP_KEY"

[vercel]
project = "{project}"
domain = "{domain}"
team = "{team}"
token = "env:T_VERCEL_TOKEN"
bypass = "env:T_VERCEL_BYPASS"
api = "{vercel}"
poll_seconds = 0.1

[supabase]
project = "{ref}"
token = "env:T_SUPABASE_TOKEN"
database_url = "env:T_DATABASE_URL"
api = "{supabase}"

[backups]
missing_proof = "make"

[canary]
weights = [20, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 20
step_timeout_seconds = 60

[watch]
seconds = 1
previous_percent = 0
"""


@dataclass(frozen=True)
class Staging:
    """The environment with its twins."""

    vercel: VercelTwin
    platform: Platform

    def served(self) -> str:
        """What a visitor gets."""
        return httpx.get(f"http://{self.vercel.domain}/").text.strip()


@pytest.fixture
def staging(
    started_platform: Environment, platform_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Staging]:
    keys = local_credentials(started_platform.state)
    login = {"aws_access_key_id": keys.object_store_key, "aws_secret_access_key": keys.object_store_secret}
    store = boto3.client("s3", endpoint_url=endpoint(started_platform), region_name="us-east-1", **login)
    for bucket in ("staging", "staging-backups"):
        store.create_bucket(Bucket=bucket)
    with VercelTwin() as vercel, SupabaseTwin() as supabase:
        variables = {
            "T_STORE_KEY": keys.object_store_key,
            "T_STORE_WORD": keys.object_store_secret,
            "T_BACKUP_KEY": "planted-backup-key-of-24-characters-and-more",
            "T_VERCEL_TOKEN": vercel.token,
            "T_VERCEL_BYPASS": vercel.bypass,
            "T_SUPABASE_TOKEN": supabase.token,
            "T_DATABASE_URL": database_url(started_platform),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        where = {
            "store": endpoint(started_platform),
            "project": vercel.project,
            "domain": vercel.domain,
            "team": vercel.team,
            "vercel": vercel.url,
            "supabase": supabase.url,
            "ref": supabase.state.ref,
        }
        file = Path(platform_variables["PIPELINE_ENVIRONMENTS"]) / "staging.toml"
        file.write_text(FILE.format(**where))
        platform_of.cache_clear()
        yield Staging(vercel, connect(load_environment("staging"), APP))
        platform_of.cache_clear()
        file.unlink()


def database_url(local: Environment) -> str:
    """A database whose owner may hold the log, as a Supabase project's may."""
    found = LocalDatabase(local).ensure(APP)
    root = superuser(local, "postgres-primary", local.platform.postgres_port)
    with psycopg.connect(root.url, autocommit=True) as connection:
        role = sql.Identifier(str(urlsplit(found).username))
        connection.execute(sql.SQL("ALTER ROLE {} REPLICATION").format(role))
    return found


def run(repository: Path, ref: str) -> State[Any]:
    """The last state of a release in this process."""
    return release(repository=str(repository), ref=ref, environment="staging", return_state=True)


def test_a_good_version_is_promoted_a_bad_one_goes_back_and_a_person_rolls_back(
    staging: Staging, tmp_path: Path
) -> None:
    repository = tmp_path / "app"
    commit(repository, "v1", {"pipeline.toml": manifest(APP), "server.py": server()})
    for tag in ("v2", "v3"):
        commit(repository, tag, {"note": tag})
    staging.vercel.behaviours["v3"] = Behaviour(error_share=0.7)

    first = run(repository, "v1")
    assert (first.name, staging.served()) == ("Promoted", "v1"), first.message
    second = run(repository, "v2")
    assert (second.name, staging.served()) == ("Promoted", "v2"), second.message
    assert staging.vercel.calls("startRollingRelease"), "it went by a rolling release"
    before = staging.platform.edge.route()

    third = run(repository, "v3")
    assert (third.name, staging.served()) == ("RolledBack", "v2"), third.message
    after = staging.platform.edge.route()
    assert (after.live_target, after.weight) == (before.live_target, 0)

    back = rollback(app=APP, reason="a test", environment="staging", return_state=True)
    assert (back.name, staging.served()) == ("RolledBack", "v1"), back.message
