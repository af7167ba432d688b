"""Backups proven, restored and expired, and the standby promoted, on the real local platform."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from apps import commit, manifest, server
from prefect.client.schemas.objects import State

from deployments.cli import exit_codes
from flows.promote_standby import promote_standby
from flows.restore import restore
from flows.verify_backup import verify_backup
from infra.database.connection import access_to, connected
from infra.database.local_recovery import recovery_of
from infra.database.proof import Proof
from infra.environment import Environment
from infra.errors import BadInput
from infra.local.object_store import local_objects
from infra.local.postgres_settings import archive_of
from infra.platform import connect, database_of
from tasks.checkout import checkout
from tasks.outcomes import GateClosed
from tasks.prove_backup import prove_backup
from tasks.release import Release
from tasks.restore_to_point import hold_log, let_go_of_log, restore_release_data

pytestmark = [pytest.mark.platform, pytest.mark.slow]


def code(state: State[object]) -> int:
    return exit_codes.of(state.type.value, str(state.name))


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with connected(access_to(url)) as connection:
        cursor = connection.execute(question.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def order(started_platform: Environment, tmp_path: Path) -> Release:
    repository = tmp_path / "app"
    commit(repository, "v1", {"pipeline.toml": manifest("data-app"), "server.py": server()})
    return checkout.fn("local", str(repository), "v1", f"v1-{tmp_path.name[-8:]}".replace("_", "-"))


def test_a_backup_is_proven_and_a_damaged_one_opens_an_incident_and_closes_the_gate(
    started_platform: Environment,
) -> None:
    database_of(started_platform).snapshot("nightly", print)
    state = verify_backup(environment="local", return_state=True)
    assert (state.name, code(state)) == ("Proven", exit_codes.OK)
    assert "RTO" in str(state.message)

    archive = archive_of(started_platform)
    piece = recovery_of(started_platform).backups()[0].pieces[0]
    whole = archive.objects.get(piece.key)
    assert whole is not None
    archive.objects.put(piece.key, whole[:100] + b"?" + whole[101:])
    state = verify_backup(environment="local", return_state=True)
    archive.objects.put(piece.key, whole)

    assert (state.name, code(state)) == ("GateClosed", exit_codes.GATE_CLOSED)
    assert "is damaged" in str(state.message)
    day = datetime.datetime.now(datetime.UTC).date()
    incident = local_objects(started_platform).get(f"incidents/backup-proof-local-{day}.json")
    assert incident is not None
    assert b'"severity": "P1"' in incident


def test_a_night_that_cannot_even_begin_opens_an_incident_too(
    started_platform: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(_environment: str) -> Proof:
        raise BadInput("PATH", "has no `barman-cloud-restore`", "install it")

    monkeypatch.setattr("flows.verify_backup.verify_newest", lacking)
    objects, day = local_objects(started_platform), datetime.datetime.now(datetime.UTC).date()
    objects.delete(f"incidents/backup-proof-local-{day}.json")
    state = verify_backup(environment="local", return_state=True)
    assert (state.name, code(state)) == ("Refused", exit_codes.REFUSED)
    assert b"has no `barman" in (objects.get(f"incidents/backup-proof-local-{day}.json") or b"")
    assert verify_backup(environment="nowhere", return_state=True).name == "Refused"


def test_a_restore_is_planned_then_done_and_a_target_that_is_none_is_refused(started_platform: Environment) -> None:
    database = database_of(started_platform)
    url = database.ensure("restored-app")
    ask(url, "CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS n")
    database.snapshot("before-restore", print)
    database.mark("to-return-to")
    ask(url, "DROP TABLE t")

    refused = restore(environment="local", to_point="no-such-point", return_state=True)
    assert (refused.name, code(refused)) == ("Refused", exit_codes.REFUSED)
    planned = restore(environment="local", to_point="to-return-to", return_state=True)
    assert (planned.name, ask(url, "SELECT to_regclass('t')")) == ("Planned", [(None,)])
    done = restore(environment="local", to_point="to-return-to", dry_run=False, return_state=True)
    assert (done.name, ask(url, "SELECT n FROM t")) == ("Restored", [(1,)])


def test_the_standby_is_promoted_and_another_one_follows(started_platform: Environment) -> None:
    state = promote_standby(reason="a test", environment="local", return_state=True)
    assert (state.name, code(state)) == ("StandbyPromoted", exit_codes.OK)
    assert "0 commits were lost" in str(state.message)
    assert database_of(started_platform).health().standby_connected


def test_a_release_makes_the_proof_that_it_lacks_where_the_environment_says_so(
    started_platform: Environment, order: Release, platform_variables: dict[str, str]
) -> None:
    assert prove_backup.fn(order) == "data-app has no data yet"
    ask(order.platform.database.ensure("data-app"), "CREATE TABLE IF NOT EXISTS kept (n int)")
    database_of(started_platform).snapshot("with-data-app", print)
    file = Path(platform_variables["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    makes = file.read_text()
    file.write_text(makes.replace('missing_proof = "make"', 'missing_proof = "close"'))
    try:
        with pytest.raises(GateClosed, match="backup proof"):
            prove_backup.fn(order)
    finally:
        file.write_text(makes)
    assert "restored 0.0 h ago" in prove_backup.fn(order)


def test_a_releases_data_goes_back_and_takes_along_what_was_written_since(
    started_platform: Environment, order: Release
) -> None:
    platform = connect(started_platform, "data-app")
    url = platform.database.ensure("data-app")
    ask(url, "CREATE TABLE orders (n int PRIMARY KEY, item text)")
    ask(url, "INSERT INTO orders VALUES (1, 'one')")
    platform.database.snapshot(f"before-{order.id}", print)
    facts = hold_log.fn(order)
    platform.database.mark(facts["point"])
    ask(url, "CREATE TABLE alembic_version (v text)")
    ask(url, "WITH damage AS (UPDATE orders SET item = NULL) INSERT INTO alembic_version VALUES ('0002')")
    ask(url, "INSERT INTO orders VALUES (2, 'two')")

    said = restore_release_data.fn(order, facts)

    assert "1 rows written since were replayed, 0 are listed" in said
    assert ask(url, "SELECT * FROM orders ORDER BY n") == [(1, "one"), (2, "two")]
    assert platform.objects.get(f"releases/data-app/{order.id}/salvage.jsonl") == b""
    assert "already" in restore_release_data.fn(order, facts)
    assert let_go_of_log.fn(order, facts) == "the log is let go of"


def test_letting_go_of_a_log_that_nobody_held_is_harmless(order: Release) -> None:
    assert let_go_of_log.fn(order, {"slot": "never_made", "point": "none"}) == "the log is let go of"
