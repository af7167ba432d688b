"""Rows committed after a restore point come back where the restored schema takes them; the rest is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from data_platform_parts import DataPlatform, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.database.changes import parse
from infra.database.connection import Access, access_to
from infra.database.salvage import Salvage, salvage
from infra.database.slots import Slot, drop_slot, make_slot
from infra.errors import Rejected

BEFORE = """
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL, note text, twice int
    GENERATED ALWAYS AS (1) STORED);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders);
CREATE TABLE loose (word text);
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO orders (item, note) VALUES ('one', 'a'), ('two', 'b'), ('three', 'c');
"""
MIGRATION = """
ALTER TABLE orders ADD COLUMN colour text;
UPDATE orders SET note = 'DAMAGED', colour = 'grey';
CREATE TABLE newer (id int PRIMARY KEY);
UPDATE alembic_version SET version_num = '0002';
"""


class Pair:
    """A database that goes on after a restore point, and one as it was at that point."""

    def __init__(self, platform: DataPlatform, folder: Path) -> None:
        self.urls = [platform.database.scratch("shop"), platform.database.scratch("shop")]
        superuser = platform.primary.cluster.access
        self.damaged, self.restored = (replace(superuser, database=access_to(url).database) for url in self.urls)
        self.slot = Slot(f"test_{self.damaged.database.replace('-', '_')}", self.damaged)
        self.file = folder / "listed.jsonl"

    def begin(self, statements: str) -> None:
        """The same in both; from then on only the damaged one is written."""
        for access in (self.damaged, self.restored):
            rows(access.url, statements)
        make_slot(self.damaged, self.slot.name)

    def salvage(self) -> Salvage:
        return salvage(self.slot, self.restored.url, self.file)

    def listed(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@pytest.fixture
def pair(data_platform: DataPlatform, tmp_path: Path) -> Iterator[Pair]:
    two = Pair(data_platform, tmp_path)
    yield two
    drop_slot(two.damaged, two.slot.name)
    for url in two.urls:
        data_platform.database.drop_scratch(url)


def everything(access: Access, table: str) -> list[tuple[object, ...]]:
    return rows(access.url, f"SELECT * FROM {table} ORDER BY 1")


def test_rows_of_every_verb_come_back_and_the_numbers_go_on(pair: Pair) -> None:
    pair.begin(BEFORE)
    rows(pair.damaged.url, "INSERT INTO orders (item) VALUES ('it''s \"four\"'), (E'tab\\t and\\nline')")
    rows(pair.damaged.url, "UPDATE orders SET item = 'TWO' WHERE id = 2")
    rows(pair.damaged.url, "DELETE FROM orders WHERE id = 3")
    rows(pair.damaged.url, "INSERT INTO lines VALUES (1, 4); UPDATE lines SET id = 7 WHERE id = 1")
    done = pair.salvage()
    assert [entry["reason"] for entry in pair.listed()] == []
    assert (done.replayed, done.listed, done.schema) == (6, 0, 0)
    for table in ("orders", "lines"):
        assert everything(pair.restored, table) == everything(pair.damaged, table)
    rows(pair.restored.url, "INSERT INTO orders (item) VALUES ('next')")
    assert rows(pair.restored.url, "SELECT max(id) FROM orders") == [(6,)]


def test_what_the_migration_wrote_stays_away_and_what_the_app_wrote_comes(pair: Pair) -> None:
    pair.begin(BEFORE)
    rows(pair.damaged.url, f"BEGIN; {MIGRATION} COMMIT")
    rows(pair.damaged.url, "UPDATE orders SET item = 'ONE' WHERE id = 1")  # repeats the damaged note
    rows(pair.damaged.url, "UPDATE orders SET note = 'kept' WHERE id = 2")
    rows(pair.damaged.url, "UPDATE orders SET note = 'DAMAGED' WHERE id = 2")  # the app's own wish now
    rows(pair.damaged.url, "INSERT INTO orders (item, colour) VALUES ('four', 'red')")
    rows(pair.damaged.url, "INSERT INTO newer VALUES (1)")
    done = pair.salvage()
    assert rows(pair.restored.url, "SELECT id, item, note FROM orders ORDER BY 1") == [
        (1, "ONE", "a"),
        (2, "two", "DAMAGED"),
        (3, "three", "c"),
        (4, "four", None),
    ]
    assert (done.replayed, done.listed, done.schema) == (4, 2, 4)
    assert rows(pair.restored.url, "SELECT version_num FROM alembic_version") == [("0001",)]
    lost, refused = pair.listed()
    assert (lost["table"], lost["new"]["colour"]) == ("orders", "red")
    assert lost["reason"] == "replayed without columns that the restored schema lacks: colour"
    assert refused["reason"] == "not replayed: the restored schema has no table public.newer"


def test_a_transaction_comes_whole_or_is_listed_whole(pair: Pair) -> None:
    pair.begin(BEFORE)
    rows(pair.restored.url, "DELETE FROM orders WHERE id = 3")
    rows(pair.damaged.url, "BEGIN; INSERT INTO lines VALUES (1, 1); INSERT INTO lines VALUES (2, 3); COMMIT")
    rows(pair.damaged.url, "INSERT INTO loose VALUES ('x')")
    rows(pair.damaged.url, "UPDATE loose SET word = 'y'")
    rows(pair.damaged.url, "TRUNCATE loose")
    done = pair.salvage()
    assert everything(pair.restored, "lines") == []
    assert everything(pair.restored, "loose") == [("x",)]
    assert (done.replayed, done.listed) == (1, 4)
    reasons = [entry["reason"] for entry in pair.listed()]
    assert "violates foreign key constraint" in reasons[0]
    assert "has no key that would find the row" in reasons[2]
    assert "TRUNCATE of a whole table is for a person to decide" in reasons[3]


def test_triggers_do_not_fire_a_second_time(pair: Pair) -> None:
    pair.begin(
        "CREATE TABLE a (n int PRIMARY KEY); CREATE TABLE log (n int PRIMARY KEY);"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO log VALUES (new.n); RETURN new; END $$;"
        "CREATE TRIGGER note AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION note()"
    )
    rows(pair.damaged.url, "INSERT INTO a VALUES (1), (2)")
    assert (pair.salvage().replayed, pair.listed()) == (4, [])
    rows(pair.restored.url, "INSERT INTO a VALUES (3)")
    assert everything(pair.restored, "log") == [(1,), (2,), (3,)]


def test_what_was_committed_before_the_point_is_not_replayed_again(pair: Pair) -> None:
    pair.begin(BEFORE)
    rows(pair.damaged.url, "INSERT INTO lines VALUES (1, NULL)")
    ((lsn,),) = rows(pair.damaged.url, "SELECT pg_create_restore_point('here')::text")
    rows(pair.damaged.url, "INSERT INTO lines VALUES (2, NULL)")
    done = salvage(replace(pair.slot, after_lsn=str(lsn)), pair.restored.url, pair.file)
    assert (done.replayed, everything(pair.restored, "lines")) == (1, [(2, None)])


def test_a_slot_that_is_gone_is_no_empty_slot(pair: Pair) -> None:
    with pytest.raises(Rejected, match="is not there"):
        pair.salvage()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.binary(), st.floats())))
def test_any_value_comes_back_as_it_was(pair: Pair, values: list[tuple[str, bytes, float]]) -> None:
    make = (
        'DROP TABLE IF EXISTS "odd ""name"": x"; CREATE TABLE "odd ""name"": x" (id int PRIMARY KEY, "a [b]: c" text,'
        ' b bytea, f float8, "list" text[], bits bit varying, "when" timestamptz)'
    )
    drop_slot(pair.damaged, pair.slot.name)
    pair.begin(make)
    with psycopg.connect(pair.damaged.url, autocommit=True) as connection:
        for number, (text, data, real) in enumerate(values):
            connection.execute(
                """INSERT INTO "odd ""name"": x" VALUES (%s, %s, %s, %s, %s, B'101', clock_timestamp())""",
                [number, text, data, real, [text, text]],
            )
    assert pair.salvage().replayed == len(values)
    table = '"odd ""name"": x"'
    assert repr(everything(pair.restored, table)) == repr(everything(pair.damaged, table))


def test_a_line_that_cannot_be_read_is_no_row() -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        parse("table public.t: INSERT: a[integer]=1")
