"""After releases, good and bad, every secret is where it belongs: at its own vendor, and nowhere in what is kept.

Looked through: Prefect's whole database, the pipeline's records and backups, the state folder, every log, every twin.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from apps import RULES_AT_VENDORS as RULES
from apps import commit, manifest, server
from planted import leaks, lines_of
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from deployments.twins.server import Twin
from deployments.twins.staging import Staging, staging_at_twins
from deployments.twins.vercel_sites import Behaviour
from flows.release import release
from infra.database.dumps import pg_words
from infra.environment import Environment, load_environment
from infra.environment.secret import secret_places
from infra.local.postgres_settings import superuser
from infra.objects.configured import configured_objects
from tasks.code_review import settle

APP = "secretive-app"
APP_TABLE = 'secret_variables = { API_KEY = "env:T_APP_KEY" }'
APP_KEY = {"T_APP_KEY": "planted-app-key-4711-abcdefgh"}
# An app's own commands print all that they are given.
CHATTY = (
    '\n[checks]\nunit = "env | sort; echo all-was-printed"\n[smoke]\ncommand = "env | sort; echo smoke-was-printed"\n'
)
# What a vendor has to be told beside its own: the app finds these at its hosting.
OF_THE_APP = {"T_APP_KEY", "T_DATABASE_URL", "the password in T_DATABASE_URL"}


@dataclass
class World:
    """`planted` are the secrets by the variable that holds them."""

    staging: Staging
    planted: dict[str, str]

    def release(self, repository: Path, ref: str) -> State[Any]:
        found: State[Any] = release(repository=str(repository), ref=ref, environment="staging", return_state=True)
        settle()
        return found

    def planted_now(self) -> dict[str, str]:
        """With the tokens that GitHub gave meanwhile."""
        tokens = self.staging.github.state.tokens
        return self.planted | {f"token {number} of the App": token for number, token in enumerate(tokens, 1)}


@pytest.fixture
def world(started_platform: Environment, tmp_path: Path) -> Iterator[World]:
    made = staging_at_twins(
        started_platform, APP, tmp_path, RULES, app_table=APP_TABLE, variables=APP_KEY, is_whole=True, by_app=True
    )
    with made as staging:
        places = dict(secret_places(staging.environment.model_dump()))
        named = {place.removeprefix("env:") for place in places.values()}
        secrets = {name: os.environ[name] for name in named}
        key = secrets.pop("T_GITHUB_APP_KEY")
        url = secrets["T_DATABASE_URL"]
        password = urllib.parse.unquote(urlsplit(url).password or "")
        assert len(password) > 8
        yield World(staging, {**secrets, **lines_of("the App's key", key), "the password in T_DATABASE_URL": password})
        settle()


def prefects_database(local: Environment) -> str:
    """All of it, as text."""
    whole = superuser(local, "postgres-control", local.platform.control_postgres_port)
    access = replace(whole, database="prefect")
    done = subprocess.run(
        pg_words("pg_dump", access), check=True, capture_output=True, env={**os.environ, **access.variables}
    )
    return done.stdout.decode("latin-1")


def sent(twin: Twin) -> str:
    """All that a twin was asked with."""
    return "\n".join(
        f"{one.request.path} {dict(one.request.query)} {dict(one.request.headers)} {one.request.body.decode('latin-1')}"
        for one in twin.log
    )


def test_the_search_sees_a_secret_in_every_form() -> None:
    secret = "planted/key+4711 of=many kinds"
    for before in ("", "a", "ab", "postgres:"):
        inside = base64.b64encode(f"{before}{secret} and more".encode()).decode()
        assert leaks({"it": secret}, inside) == {"it"}, before
    for text in (secret, urllib.parse.quote(secret, safe=""), f"x={secret}&y"):
        assert leaks({"it": secret}, text) == {"it"}
    assert leaks({"it": secret}, "planted/key+4712 of=many kinds") == set()


@pytest.mark.platform
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_good_release_and_one_that_fails_in_its_ramp_leave_every_secret_where_it_belongs(
    world: World, started_platform: Environment, tmp_path: Path
) -> None:
    repository, staging = tmp_path / "app", world.staging
    commit(repository, "v1", {"pipeline.toml": manifest(APP, CHATTY), "server.py": server()})
    commit(repository, "v2", {"note": "v2"})
    staging.vercel.behaviours["v2"] = Behaviour(error_share=0.7)
    good, bad = world.release(repository, "v1"), world.release(repository, "v2")
    assert (good.name, bad.name) == ("Promoted", "RolledBack"), (good.message, bad.message)
    EventsWorker.drain_all()
    APILogWorker.drain_all()
    planted = world.planted_now()
    assert len(staging.github.state.tokens) >= 1

    kept = prefects_database(started_platform)
    for known in (APP, "Promoted", "RolledBack", "all-was-printed", "smoke-was-printed", "is held by the release of"):
        assert known in kept, f"{known!r} is not in Prefect's database: the search would find nothing"
    assert "X-Amz-Credential=" in kept, "it has the link to the report"
    assert leaks(planted, outside_links(kept)) == set()

    for is_backup, known in ((False, "rolled back"), (True, "base/")):
        store = configured_objects(staging.environment, backups=is_backup)
        objects = {one.key: (store.get(one.key) or b"").decode("latin-1") for one in store.list("")}
        assert any(known in f"{key} {text}" for key, text in objects.items())
        assert {key: found for key, text in objects.items() if (found := leaks(planted, outside_links(text)))} == {}

    assert files_that_tell(started_platform, planted) == {}
    for twin, own in whose(world).items():
        assert_only_its_own(twin, own, planted)


def outside_links(text: str) -> str:
    """A link that opens a report for some days names the id of the key that signed it, as S3 wants it: not its word."""
    return re.sub(r"X-Amz-Credential=[^&\s]+", "", text)


def files_that_tell(local: Environment, planted: dict[str, str]) -> dict[str, set[str]]:
    """Of staging all that lies in its state, of the platform beside it every log; and Prefect's own folder."""
    state = load_environment("staging").state
    folders = [state, local.state.parent / "home"]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found += list(local.state.rglob("*.log"))
    texts = {str(path): path.read_bytes().decode("latin-1") for path in found}
    assert any(path.endswith("/logs/prefect-server.log") and text for path, text in texts.items()), "no log was read"
    assert any(path.startswith(str(state)) for path in texts), "nothing of staging's state was read"
    return {path: names for path, text in texts.items() if (names := leaks(planted, outside_links(text)))}


def whose(world: World) -> dict[Twin, set[str]]:
    """What each vendor may have been told, beginning with its own."""
    staging = world.staging
    tokens = {name for name in world.planted_now() if name.startswith("token ")}
    return {
        staging.vercel: {"T_VERCEL_TOKEN", "T_VERCEL_BYPASS", *OF_THE_APP},
        staging.supabase: {"T_SUPABASE_TOKEN"},
        staging.cloudflare: {"T_CLOUDFLARE_TOKEN"},
        staging.github: tokens,
    }


def assert_only_its_own(twin: Twin, own: set[str], planted: dict[str, str]) -> None:
    found = leaks(planted, sent(twin))
    assert found <= own, f"{twin.vendor} was told {sorted(found - own)}"
    assert found, f"{twin.vendor} never got its own: the search finds nothing"
