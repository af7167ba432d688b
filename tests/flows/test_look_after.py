"""The nightly look at a real platform: what was changed by hand is found, told once, and over once it is mended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from apps import commit, manifest, server
from prefect.client.schemas.objects import State

from flows.look_after import look_after
from flows.release import release
from infra.environment import Environment, load_environment
from infra.incidents import Incident
from infra.incidents.stored import StoredIncidents
from infra.local.postgres import ControlPostgres
from infra.notify.logbook import Logbook
from infra.platform import connect, objects_of
from tasks.availability import Availability
from tasks.check_budget import check_budget
from tasks.checkout import checkout
from tasks.expand_schema import expand_schema, verify_schema
from tasks.looks import error_budget, registration_drift, schema_drift, secret_age
from tasks.policy import waivers_of
from tasks.records import Record, end_record, write_record
from tasks.release import Release

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
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


@pytest.fixture
def orders(started_platform: Environment, tmp_path: Path) -> list[Release]:
    """Two versions of an app that was released; the second brings what somebody will have done by hand."""
    commit(tmp_path / "app", "v1", {"pipeline.toml": manifest(APP, SCHEMA), "server.py": server(), **FIRST})
    commit(tmp_path / "app", "v2", SECOND)
    found = [checkout.fn("local", str(tmp_path / "app"), ref, f"{ref}-looked-at") for ref in ("v1", "v2")]
    record = Record(found[0], "", "running", time.time())
    write_record(record)
    end_record(record, "promoted", "for a test")
    verify_schema.fn(found[0], expand_schema.fn(found[0]))
    return found


def spend_budget(order: Release) -> None:
    """As `refresh` would have counted it."""
    counted = Availability(until=time.time()).plus(time.time(), requests=1000, failures=7)
    order.platform.objects.put(f"availability/{APP}.json", json.dumps(asdict(counted)).encode())


def test_what_was_changed_by_hand_is_found_and_told_once_and_is_over_when_it_is_mended(
    started_platform: Environment, orders: list[Release], platform_variables: dict[str, str]
) -> None:
    folder = platform_variables["PIPELINE_ENVIRONMENTS"]
    look()
    assert told(started_platform, schema_drift.KIND, f"{APP} since release v1"), "as it was left"
    assert incident(started_platform, schema_drift.KIND) is None
    assert not told(started_platform, registration_drift.KIND, "backup/local")

    alter(started_platform, "ALTER TABLE users ADD COLUMN by_hand text")
    make_old_block(started_platform)
    address = switch_schedule_off(started_platform)
    spend_budget(orders[0])
    with rules(folder, "[traffic]", f'[app.secret_variables]\nTOKEN = "block:secret/{BLOCK}"\n\n[traffic]'):
        assert look().name == "Found"
        first = {kind: incident(started_platform, kind) for kind in (schema_drift.KIND, secret_age.KIND)}
        assert look().name == "Found"
    httpx.patch(address, json={"active": True}).raise_for_status()

    assert told(started_platform, schema_drift.KIND, "new: column public.users.by_hand")
    assert told(started_platform, secret_age.KIND, f"block:secret/{BLOCK} is 100 days old, over 90")
    assert told(started_platform, registration_drift.KIND, "schedule daily of backup/local is not active")
    assert told(started_platform, error_budget.KIND, f"{APP} has spent it: 7 of 1000 ")
    assert {kind: incident(started_platform, kind) for kind in first} == first, "the second night opens none"
    assert [one.severity for one in first.values() if one] == ["P3", "P3"]
    spent = incident(started_platform, error_budget.KIND)
    assert spent is not None
    assert spent.severity == "P2"
    assert "findings in local" in Logbook(started_platform.state / "notifications.jsonl").sent()[-1].title

    verify_schema.fn(orders[1], expand_schema.fn(orders[1]))
    look()
    assert told(started_platform, schema_drift.KIND, f"{APP} since release v2")
    over = incident(started_platform, schema_drift.KIND)
    assert over is not None
    assert over.resolved is not None, "what was found is what a release left by now"


def test_a_spent_budget_stops_a_release_where_it_is_to_and_can_be_waived(
    started_platform: Environment, orders: list[Release], platform_variables: dict[str, str]
) -> None:
    spend_budget(orders[0])
    assert check_budget.fn(orders[1]).startswith("SPENT (-600.0%): 7 of 1000 requests failed"), "told only"
    gates = '[gates]\nerror_budget = "close"\n\n[release]\nmay_skip = ["error budget"]\n\n[traffic]'
    with rules(platform_variables["PIPELINE_ENVIRONMENTS"], "[traffic]", gates):
        state = release(repository=orders[1].repository, ref="v2", environment="local", return_state=True)
        waived = waivers_of(load_environment("local"), ["error budget"], "it mends it", "a person")
    assert state.name == "GateClosed"
    assert f"error budget: {APP} has -600.0% left: 7 of 1000 requests failed" in str(state.message)
    assert [one.stage for one in waived] == ["error budget"]
    assert orders[1].platform.hosting.deployments() == [], "nothing was touched"


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
