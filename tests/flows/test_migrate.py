"""Whole migrations of small apps on the real local platform, and every way in which they stop or go back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apps import commit, manifest, server
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import State

from flows.abort import abort
from flows.migrate import migrate
from flows.release import release
from flows.retire import retire
from infra.database.connection import Access, access_to, connected
from infra.database.local_recovery import superuser_of
from infra.environment import Environment
from infra.platform import Platform, connect
from infra.schema.applied import applied_revisions
from tasks.checkout import checkout
from tasks.expand_schema import expand_schema
from tasks.outcomes import GateClosed
from tasks.records import Record, list_records, read_record, write_record
from tasks.restore_to_point import hold_log
from tasks.schema.proof import note_verified, read_proof

pytestmark = [pytest.mark.platform, pytest.mark.slow]
BASE = (
    "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
    "INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 100) n;"
)
PHONE = "ALTER TABLE users ADD COLUMN phone text;"
FILL = "-- backfill key=id batch=10\nUPDATE users SET phone = 'p' || id WHERE phone IS NULL;"


def app(name: str, more: str = "", schema: str = "") -> str:
    """A pipeline.toml of an app that keeps its schema in SQL files."""
    return manifest(name, f'{more}\n[schema]\ntool = "sql"\ndirectory = "db"\n{schema}')


def run(action: str, **parameters: Any) -> State[Any]:
    """The last state of a migration in this process."""
    return migrate(action=action, environment="local", return_state=True, **parameters)  # type: ignore[call-overload,no-any-return] # Prefect's


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "app"


@pytest.fixture
def settings(platform_variables: dict[str, str]) -> Iterator[Path]:
    """The environment's file, which a test may add to."""
    file = Path(platform_variables["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    text = file.read_text()
    yield file
    file.write_text(text)


def url_of(platform: Platform) -> str:
    return platform.database.url(platform.app)


def platform_access(platform: Platform) -> Access:
    return access_to(url_of(platform))


def rows(url: str, question: str) -> list[tuple[object, ...]]:
    """What the app's database answers to one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question)
        return cursor.fetchall() if cursor.description else []


def test_revisions_are_applied_filled_verified_and_proven(started_platform: Environment, repository: Path) -> None:
    rule = 'invariants = ["SELECT id FROM users WHERE phone IS NULL"]\n'
    files = {"pipeline.toml": app("good-schema", schema=rule), "server.py": server()}
    sql = {"db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"}
    more = {"db/2_phone.sql": PHONE, "db/2_phone.down.sql": "ALTER TABLE users DROP COLUMN phone;"}
    fill = {"db/3_fill.sql": FILL, "db/3_fill.down.sql": "SELECT 1;"}
    commit(repository, "v1", {**files, **sql, **more, **fill})
    platform = connect(started_platform, "good-schema")

    state = run("apply", repository=str(repository), ref="v1")

    assert (state.name, state.message) == ("Migrated", "3 of 3 revisions are verified in local")
    assert rows(url_of(platform), "SELECT count(*) FROM users WHERE phone = 'p' || id") == [(100,)]
    proof = read_proof(platform.objects, "good-schema", "2")
    assert proof is not None
    assert proof.verified >= proof.applied > 0
    assert [one.rows for one in applied_revisions(platform_access(platform))] == [0, 0, 100]
    shown = Artifact.get("backfill-users")
    assert shown is not None
    assert shown.data == 100
    assert run("verify", repository=str(repository), ref="v1").name == "Migrated"
    rows(url_of(platform), "UPDATE users SET phone = NULL WHERE id = 7")
    wrong = run("verify", repository=str(repository), ref="v1")
    assert wrong.name == "GateClosed"
    assert "1 rows over 0 in 'SELECT id FROM users WHERE phone IS NULL'" in str(wrong.message)


def test_unsafe_sql_is_refused_before_anything_is_touched(started_platform: Environment, repository: Path) -> None:
    files = {"pipeline.toml": app("unsafe-schema"), "server.py": server()}
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"})
    assert run("apply", repository=str(repository), ref="v1").name == "Migrated"
    commit(repository, "v2", {"db/2_rename.sql": "ALTER TABLE users\n  RENAME COLUMN email TO mail;"})
    platform = connect(started_platform, "unsafe-schema")

    state = run("apply", repository=str(repository), ref="v2")

    assert state.name == "GateClosed"
    assert "migration lint: 2 unsafe statements over 0 allowed" in str(state.message)
    assert "2_rename.sql:2 rename" in str(state.message)
    assert "no-way-back" in str(state.message)
    assert [one.id for one in applied_revisions(platform_access(platform))] == ["1"]


def test_a_migration_that_damages_data_is_undone_by_a_restore_and_its_record_says_so(
    started_platform: Environment, repository: Path
) -> None:
    rule = 'invariants = ["SELECT id FROM users WHERE email IS NULL"]\n'
    files = {"pipeline.toml": app("damage-schema", schema=rule), "server.py": server()}
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"})
    assert run("apply", repository=str(repository), ref="v1").name == "Migrated"
    damage = "-- backfill key=id\nUPDATE users SET email = NULL WHERE email LIKE 'u1%';"
    commit(repository, "v2", {"db/2_damage.sql": damage, "db/2_damage.down.sql": "SELECT 1;"})

    state = run("apply", repository=str(repository), ref="v2")

    assert state.name == "RolledBack"
    assert "because the migration damaged data: 12 rows over 0 in 'SELECT id FROM users WHERE email" in str(
        state.message
    )
    platform = connect(started_platform, "damage-schema")
    assert rows(url_of(platform), "SELECT count(email) FROM users") == [(100,)]
    assert [one.id for one in applied_revisions(platform_access(platform))] == ["1"]
    incident = next(i for i in platform.incidents.list() if "damage" in i.title)
    assert incident.severity == "P2"
    record, first = list_records(platform.objects, "damage-schema")
    assert (record.release.label, record.standing) == ("v2", "rolled back")
    assert (first.standing, first.reason) == ("promoted", "migration (apply): 1 of 1 revisions are verified in local")
    with connected(superuser_of(started_platform, "damage-schema")) as connection:
        assert connection.execute("SELECT 1 FROM pg_replication_slots WHERE slot_name LIKE 'release%'").fetchall() == []


def test_a_migration_that_died_is_found_and_taken_back_by_an_abort(
    started_platform: Environment, repository: Path
) -> None:
    files = {"pipeline.toml": app("dead-schema"), "server.py": server()}
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"})
    order = checkout.fn("local", str(repository), "v1", "apply-v1-dead")
    write_record(Record(order, "a flow run that was killed", "running", time.time()))
    hold_log.fn(order)
    expand_schema.fn(order)

    state = abort(app="dead-schema", reason="it died", environment="local", wait_seconds=0, return_state=True)  # type: ignore[call-overload] # Prefect's

    assert state.name == "RolledBack"
    assert applied_revisions(platform_access(order.platform)) == []
    record = read_record(order.platform.objects, "dead-schema", order.id)
    assert record is not None
    assert (record.standing, record.reason) == ("rolled back", "aborted: it died")


def test_when_the_live_version_fails_on_the_new_schema_it_is_undone(
    started_platform: Environment, repository: Path, tmp_path: Path, settings: Path
) -> None:
    smoke = f'[smoke]\ncommand = "test ! -e {tmp_path}/broken"\n'
    files = {"pipeline.toml": app("live-schema", more=smoke), "server.py": server()}
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"})
    assert release(repository=str(repository), ref="v1", environment="local", return_state=True).name == "Promoted"
    platform = connect(started_platform, "live-schema")
    phone = {"db/2_phone.sql": PHONE, "db/2_phone.down.sql": "ALTER TABLE users DROP COLUMN phone;"}
    commit(repository, "v2", {**phone, "db/contract/3_email.sql": "ALTER TABLE users DROP COLUMN email;"})
    (tmp_path / "broken").touch()

    state = run("apply", repository=str(repository), ref="v2")

    assert state.name == "RolledBack"
    assert "smoke tests of v1" in str(state.message)
    assert "schema back at 1: nothing was written into what the expansion added" in str(state.message)
    assert [one.id for one in applied_revisions(platform_access(platform))] == ["1"]

    (tmp_path / "broken").unlink()
    assert run("apply", repository=str(repository), ref="v2").name == "Migrated"
    planned = run("contract", app="live-schema")
    assert (planned.name, str(planned.message)[:28]) == ("Planned", "contract would drop: nothing")


@pytest.mark.slow
def test_contract_shows_what_goes_and_waits_until_nobody_can_look_back(
    started_platform: Environment, repository: Path, settings: Path
) -> None:
    files = {"pipeline.toml": app("bake-schema"), "server.py": server()}
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"})
    contract = {
        "db/contract/2_email.sql": "ALTER TABLE users DROP COLUMN email;",
        "db/contract/2_email.down.sql": "ALTER TABLE users ADD COLUMN email text;",
    }
    commit(repository, "v2", contract)
    for ref in ("v1", "v2"):
        assert release(repository=str(repository), ref=ref, environment="local", return_state=True).name == "Promoted"
    platform = connect(started_platform, "bake-schema")

    planned = run("contract", app="bake-schema")
    assert planned.name == "Planned"
    assert "contract would drop: users.email (100 rows)" in str(planned.message)
    assert "not yet: contract: v2 has been live for 0.0 h, under 24 h" in str(planned.message)
    assert run("contract", app="bake-schema", drop=True).name == "GateClosed"

    settings.write_text(settings.read_text() + "\n[migrations]\nbake_hours = 0\n")
    early = run("contract", app="bake-schema", drop=True)
    assert early.name == "GateClosed"
    assert "contract: 1 processes of other versions over 0: v1" in str(early.message)
    assert rows(url_of(platform), "SELECT count(email) FROM users") == [(100,)]

    assert retire(app="bake-schema", environment="local", return_state=True).name == "Retired"
    assert [(found.ref, found.is_running) for found in platform.hosting.deployments()] == [("v2", True), ("v1", False)]
    done = run("contract", app="bake-schema", drop=True)
    assert done.name == "Migrated"
    assert str(done.message).startswith("1 tables and columns dropped, at 2")
    columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'email'"
    assert rows(url_of(platform), columns) == [(0,)]


@pytest.mark.slow
def test_a_contract_that_the_live_version_cannot_live_with_brings_back_what_it_dropped(
    started_platform: Environment, repository: Path, tmp_path: Path, settings: Path
) -> None:
    smoke = f'[smoke]\ncommand = "test ! -e {tmp_path}/broken"\n'
    files = {"pipeline.toml": app("regret-schema", more=smoke), "server.py": server()}
    drop = {
        "db/contract/2_email.sql": "ALTER TABLE users DROP COLUMN email;",
        "db/contract/2_email.down.sql": "ALTER TABLE users ADD COLUMN email text;",
    }
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;", **drop})
    assert release(repository=str(repository), ref="v1", environment="local", return_state=True).name == "Promoted"
    settings.write_text(settings.read_text() + "\n[migrations]\nbake_hours = 0\n")
    (tmp_path / "broken").touch()

    state = run("contract", app="regret-schema", drop=True)

    assert state.name == "RolledBack"
    assert "because users.email had 100 rows" in str(state.message)
    url = url_of(connect(started_platform, "regret-schema"))
    assert rows(url, "SELECT count(*) FROM users WHERE email = 'u' || id") == [(100,)]


def test_where_proof_is_asked_for_only_what_was_verified_goes_in(
    started_platform: Environment, repository: Path, settings: Path
) -> None:
    files = {"pipeline.toml": app("proven-schema"), "server.py": server()}
    commit(repository, "v1", {**files, "db/1_users.sql": BASE, "db/1_users.down.sql": "DROP TABLE users;"})
    platform = connect(started_platform, "proven-schema")
    text = settings.read_text()
    settings.write_text(f'{text}\n[migrations]\nproven_in = "local"\n')

    refused = run("apply", repository=str(repository), ref="v1")
    assert refused.name == "Refused"
    assert "local only takes revisions that were verified in local" in str(refused.message)
    first = checkout.fn("local", str(repository), "v1", "v1-test")
    with pytest.raises(GateClosed, match="revision 1 was never applied in local"):
        expand_schema.fn(first)

    settings.write_text(text)
    expand_schema.fn(first)
    rows(url_of(platform), "DROP TABLE users, alembic_version, pipeline_schema_history, pipeline_backfills")
    settings.write_text(f'{text}\n[migrations]\nproven_in = "local"\n')
    with pytest.raises(GateClosed, match="revision 1 was applied but never verified in local"):
        expand_schema.fn(first)
    note_verified(first, ["1"])
    commit(repository, "v1-other", {"db/1_users.sql": f"{BASE} -- changed"})
    with pytest.raises(GateClosed, match="revision 1 was another file"):
        expand_schema.fn(checkout.fn("local", str(repository), "v1-other", "other-test"))
    assert run("promote", repository=str(repository), ref="v1").name == "Migrated"
