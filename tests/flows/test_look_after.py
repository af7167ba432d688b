"""The nightly look at a real platform: what was changed by hand is found, told once, and over once it is mended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from apps import commit, manifest, server
from prefect.client.schemas.objects import State

from flows.look_after import look_after
from flows.release import release
from infra.environment import Environment
from infra.incidents import Incident
from infra.incidents.stored import StoredIncidents
from infra.local.postgres import ControlPostgres
from infra.notify.logbook import Logbook
from infra.platform import connect, objects_of
from tasks.environment_page import count_visitors
from tasks.looks import error_budget, registration_drift, schema_drift, secret_age

pytestmark = [pytest.mark.platform, pytest.mark.slow]
APP = "looked-at"
SCHEMA = '[schema]\ntool = "sql"\ndirectory = "db"\n'
FIRST = {
    "db/1_users.sql": "CREATE TABLE users (id bigint PRIMARY KEY, email text);",
    "db/1_users.down.sql": "DROP TABLE users;",
}
SECOND = {
    "db/2_by_hand.sql": "ALTER TABLE users ADD COLUMN IF NOT EXISTS by_hand text;",
    "db/2_by_hand.down.sql": "ALTER TABLE users DROP COLUMN by_hand;",
}
BLOCK = "old-token"
WORD = "planted-word-of-the-block-4711"


def run(repository: Path, ref: str, **how: Any) -> State[Any]:
    return release(repository=str(repository), ref=ref, environment="local", return_state=True, **how)


def look() -> State[Any]:
    return look_after(environment="local", return_state=True)


def rows(environment: Environment) -> list[dict[str, str]]:
    """The artifact as a person finds it in the UI."""
    answer = httpx.get(f"{environment.prefect_url}/artifacts/looks-local/latest").raise_for_status()
    found = answer.json()["data"]
    assert isinstance(found, str)
    assert WORD not in found
    return list(json.loads(found))


def told(environment: Environment, kind: str, about: str) -> list[str]:
    return [one["what"] for one in rows(environment) if one["look"] == kind and about in one["what"]]


def incident(environment: Environment, kind: str) -> Incident | None:
    return StoredIncidents(objects_of(environment)).find(f"{kind.replace(' ', '-')}-local")


@contextmanager
def rules(folder: str, old: str, new: str) -> Iterator[None]:
    """`local.toml` with `old` replaced, for as long as the block."""
    file = Path(folder) / "local.toml"
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new))
    try:
        yield
    finally:
        file.write_text(before)


def alter(environment: Environment, statement: str) -> None:
    with psycopg.connect(connect(environment, APP).database.url(APP), autocommit=True) as connection:
        connection.execute(statement.encode())


def make_old_block(environment: Environment) -> None:
    """A secret in a real block of the real server, as if it had been written a hundred days ago."""
    api = environment.prefect_url
    kind = httpx.get(f"{api}/block_types/slug/secret").raise_for_status().json()["id"]
    schema = httpx.post(f"{api}/block_schemas/filter", json={"block_schemas": {"block_type_id": {"any_": [kind]}}})
    body = {
        "name": BLOCK,
        "data": {"value": WORD},
        "block_type_id": kind,
        "block_schema_id": schema.raise_for_status().json()[0]["id"],
    }
    httpx.post(f"{api}/block_documents/", json=body).raise_for_status()
    url = ControlPostgres(environment).async_url().replace("+asyncpg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        aged = connection.execute(
            "UPDATE block_document SET updated = now() - interval '100 days' WHERE name = %s", [BLOCK]
        )
        assert aged.rowcount == 1


def switch_schedule_off(environment: Environment) -> str:
    """The address that switches it on again."""
    api = environment.prefect_url
    found = httpx.get(f"{api}/deployments/name/backup/local").raise_for_status().json()
    (schedule,) = [one for one in found["schedules"] if one["slug"] == "daily"]
    address = f"{api}/deployments/{found['id']}/schedules/{schedule['id']}"
    httpx.patch(address, json={"active": False}).raise_for_status()
    return address


def test_what_was_changed_by_hand_is_found_told_once_closes_the_gate_and_ends_when_it_is_mended(
    started_platform: Environment, tmp_path: Path, platform_variables: dict[str, str]
) -> None:
    folder, app = platform_variables["PIPELINE_ENVIRONMENTS"], tmp_path / "app"
    bad = "self.path == '/bad'"
    commit(app, "v1", {"pipeline.toml": manifest(APP, SCHEMA), "server.py": server(bad), **FIRST})
    assert run(app, "v1").name == "Promoted"
    count_visitors("local")
    look()
    assert told(started_platform, schema_drift.KIND, f"{APP} since release v1"), "as it was left"
    assert incident(started_platform, schema_drift.KIND) is None
    assert not told(started_platform, registration_drift.KIND, "backup/local")

    alter(started_platform, "ALTER TABLE users ADD COLUMN by_hand text")
    make_old_block(started_platform)
    address = switch_schedule_off(started_platform)
    for _ in range(5):
        httpx.get(f"{connect(started_platform, APP).url}/bad")
    time.sleep(1.5)  # the second that is under way is counted when it is over
    count_visitors("local")
    with rules(folder, "[traffic]", f'[app.secret_variables]\nTOKEN = "block:secret/{BLOCK}"\n\n[traffic]'):
        assert look().name == "Found"
        first = {kind: incident(started_platform, kind) for kind in (schema_drift.KIND, secret_age.KIND)}
        assert look().name == "Found"
    httpx.patch(address, json={"active": True}).raise_for_status()

    assert told(started_platform, schema_drift.KIND, "new: column public.users.by_hand")
    assert told(started_platform, secret_age.KIND, f"block:secret/{BLOCK} is 100 days old, over 90")
    assert told(started_platform, registration_drift.KIND, "schedule daily of backup/local is not active")
    assert told(started_platform, error_budget.KIND, f"{APP} has spent it: 5 of ")
    assert {kind: incident(started_platform, kind) for kind in first} == first, "the second night opens none"
    assert {one.severity for one in first.values() if one} == {"P3"}
    spent = incident(started_platform, error_budget.KIND)
    assert spent is not None
    assert spent.severity == "P2"
    assert "findings in local" in Logbook(started_platform.state / "notifications.jsonl").sent()[-1].title

    commit(app, "v2", SECOND)
    with rules(
        folder, "[traffic]", '[gates]\nerror_budget = "close"\n\n[release]\nmay_skip = ["error budget"]\n\n[traffic]'
    ):
        closed = run(app, "v2")
        assert (closed.name, "error budget: looked-at has -" in str(closed.message)) == ("GateClosed", True)
        mended = run(app, "v2", skip=["error budget"], skip_reason="it mends it", skip_who="a person")
        assert mended.name == "Promoted", mended.message
    look()
    assert told(started_platform, schema_drift.KIND, f"{APP} since release v2")
    over = incident(started_platform, schema_drift.KIND)
    assert over is not None
    assert over.resolved is not None, "what was found is what a release left by now"


def test_a_look_that_cannot_be_made_fails_the_night_and_takes_no_other_with_it(
    started_platform: Environment,
) -> None:
    objects = objects_of(started_platform)
    objects.put("schema-left/damaged-app.json", b"no note")
    try:
        state = look()
    finally:
        objects.delete("schema-left/damaged-app.json")
    assert state.name == "Failed"
    assert "schema drift: schema-left/damaged-app.json says nothing of a schema" in str(state.message)
    assert {one["look"] for one in rows(started_platform)} >= {secret_age.KIND, error_budget.KIND, schema_drift.KIND}
    assert look_after(environment="nowhere", return_state=True).name == "Refused"
