"""The measurement of an expansion works on a small table, and its writers miss no failure and no lost row."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import psycopg
import pytest

from deployments.bench.database_expand import measure_expand
from deployments.bench.ledger_writers import LedgerWriters
from deployments.bench.writers import Writers
from infra.database.local import LocalDatabase
from infra.environment import Environment, LocalPlatform
from infra.local.object_store import ObjectStore
from infra.local.postgres import Primary

FIRST_PORT = 28_190


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A primary and the object store that it archives to, for this file alone."""
    ports = dict(zip(("edge_admin_port", "prefect_port", "object_store_port", "postgres_port"), range(4), strict=True))
    settings = {name: FIRST_PORT + number for name, number in ports.items()}
    platform = LocalPlatform(edge_ports=(28_195,), standby_port=28_196, control_postgres_port=28_197, **settings)
    state = str(tmp_path_factory.mktemp("bench"))
    made = Environment(name="bench", kind="local", state_folder=state, platform=platform)
    services = [ObjectStore(made), Primary(made)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PIPELINE_STATE", raising=False)
        try:
            for service in services:
                service.up(print)
            yield made
        finally:
            for service in reversed(services):
                service.down(print)


def test_an_expansion_beside_writers_loses_nothing_and_fails_nobody(environment: Environment) -> None:
    found = measure_expand(environment, print, rows=20_000, writes_per_second=100, kills=1)
    expand, ways, kills = found["expand"], found["ways_back"], found["kills"]
    assert expand["rows"] >= 20_000
    assert expand["failed_writes"] == 0
    # The writers know nothing of the new column: what they write between the last batch and the count is not filled.
    assert expand["rows_left_over"] < 50
    assert {"longest_lock_ms", "rows_per_second", "plain_update_rows_per_second"} <= expand.keys()
    assert {name: (way["way"], way["lost_rows"]) for name, way in ways.items()} == {"a": ("undo", 0), "b": ("leave", 0)}
    assert all(way["acknowledged"] > 0 for way in ways.values())
    assert (kills["tried"], kills["finished"], kills["explained"]) == (1, 1, 1)


def test_writers_count_what_fails_and_what_is_lost(environment: Environment) -> None:
    database = LocalDatabase(environment)
    url = database.scratch("writers")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (id bigint PRIMARY KEY, email text, seen int NOT NULL DEFAULT 0)")
            connection.execute("ALTER TABLE t ADD CHECK (id % 10 <> 4)")
            with Writers(url, "t", 200, 10) as load:
                while len(load.acknowledged) < 20 or not load.failures:
                    time.sleep(0.05)
            assert load.failures
            assert all("CheckViolation" in failure for failure in load.failures)
            assert load.lost() == 0
            connection.execute("DELETE FROM t WHERE id = %s", [min(load.acknowledged)])
            assert load.lost() == 1
    finally:
        database.drop_scratch(url)


def test_a_ledger_finds_each_row_in_the_database_in_the_file_or_nowhere(environment: Environment) -> None:
    database = LocalDatabase(environment)
    url = database.scratch("ledger")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE people (id bigint PRIMARY KEY, email text UNIQUE, seen int DEFAULT 0)")
            connection.execute("INSERT INTO people SELECT n, 'user' || n FROM generate_series(1, 100) n")
            with LedgerWriters(url, 100, {7: "user7"}, rate=100) as load:
                while load.acknowledged < 60 or not load.refused:
                    time.sleep(0.05)
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    " AND datname = current_database()"
                )
                before = load.acknowledged
                while load.acknowledged < before + 20:
                    time.sleep(0.05)
            judged = load.judge([])
            assert (judged.in_database, judged.listed_rows, judged.lost) == (judged.rows, 0, ())
            gone = [row for row, (column, _) in load.expected.items() if column == "email"][:2]
            connection.execute("DELETE FROM people WHERE id = ANY (%s)", [gone])
            file = [json.dumps({"new": {"id": str(gone[0]), "email": f"w{gone[0]}"}})]
            judged = load.judge(file)
            assert (judged.listed_rows, judged.lost) == (1, (gone[1],))
    finally:
        database.drop_scratch(url)
