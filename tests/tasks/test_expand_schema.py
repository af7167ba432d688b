"""The stage that expands a schema walks forward, back, and forward again, and its way back follows the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from apps import commit, manifest, server

from infra.database.connection import access_to
from infra.environment import Environment
from infra.files import make_folder
from infra.schema.fingerprint import fingerprint_of
from tasks.checkout import checkout
from tasks.expand_schema import NAME, expand_schema, put_schema_back, verify_schema
from tasks.notes import read_notes
from tasks.outcomes import GateClosed, WayBackFailed
from tasks.release import Release

pytestmark = pytest.mark.platform
BASE = "CREATE TABLE users (id bigint PRIMARY KEY, email text); INSERT INTO users VALUES (1, 'a'), (2, 'b');"
PHONE = "ALTER TABLE users ADD COLUMN phone text;"
FILL = "-- backfill key=id\nUPDATE users SET phone = '0' WHERE phone IS NULL;"
FILES = {
    "db/1_users.sql": BASE,
    "db/1_users.down.sql": "DROP TABLE users;",
    "db/2_phone.sql": PHONE,
    "db/2_phone.down.sql": "ALTER TABLE users DROP COLUMN phone;",
    "db/3_fill.sql": FILL,
    "db/3_fill.down.sql": "SELECT 1;",
}
RULE = 'invariants = ["SELECT id FROM users WHERE email IS NULL"]\n'


@pytest.fixture
def orders(started_platform: Environment, tmp_path: Path, request: pytest.FixtureRequest) -> list[Release]:
    """Two versions of an app with an empty database; the second has two revisions more."""
    name = f"app-{abs(hash(request.node.name)) % 10**9}"
    make_folder(started_platform.state)
    schema = f'[schema]\ntool = "sql"\ndirectory = "db"\n{RULE}'
    base = {"pipeline.toml": manifest(name, schema), "server.py": server()}
    first = {file: text for file, text in FILES.items() if "1_" in file}
    commit(tmp_path / "app", "v1", base | first)
    commit(tmp_path / "app", "v2", FILES)
    return [checkout.fn("local", str(tmp_path / "app"), ref, f"{ref}-test") for ref in ("v1", "v2")]


def facts_of(order: Release) -> dict[str, Any]:
    return next(note for note in read_notes(order) if note.stage == NAME).facts


def ask(order: Release, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(order.platform.database.url(order.app), autocommit=True) as connection:
        cursor = connection.execute(question.encode())
        return cursor.fetchall() if cursor.description else []


def fingerprint(order: Release) -> str:
    return fingerprint_of(access_to(order.platform.database.url(order.app)))


def test_it_expands_goes_back_and_expands_again(orders: list[Release]) -> None:
    first, second = orders
    verify_schema.fn(first, expand_schema.fn(first))
    before = fingerprint(first)
    verify_schema.fn(second, expand_schema.fn(second))
    assert ask(second, "SELECT count(*) FROM users WHERE phone = '0'") == [(2,)]
    ask(second, "INSERT INTO users VALUES (3, 'the live version')")

    for _ in range(2):
        told = put_schema_back.fn(second, facts_of(second))
        assert told.startswith("schema back at 1: ")
        assert fingerprint(second) == before
    verify_schema.fn(second, expand_schema.fn(second))
    assert ask(second, "SELECT count(*) FROM users WHERE phone = '0'") == [(3,)]


def test_what_was_written_into_is_left_and_counted(orders: list[Release]) -> None:
    second = orders[1]
    expand_schema.fn(orders[0])
    expand_schema.fn(second)
    ask(second, "INSERT INTO users VALUES (3, 'c', '31'), (4, 'd', '32'); UPDATE users SET phone = '33' WHERE id = 1")

    told = put_schema_back.fn(second, facts_of(second))

    assert told.startswith("schema left at 3: rows were written into what the expansion added")
    assert "public.users.phone has 2 rows more than the migration left (4 rows now, 2 right after it)" in told
    assert ask(second, "SELECT count(phone) FROM users") == [(4,)]


def test_damaged_data_is_given_to_the_restore_and_not_undone(orders: list[Release]) -> None:
    first, second = orders
    expand_schema.fn(first)
    (Path(second.folder) / "db/3_fill.sql").write_text(FILL.replace("phone = '0'", "phone = '0', email = NULL"))
    expected = expand_schema.fn(second)
    with pytest.raises(GateClosed, match="2 rows over 0 in 'SELECT id FROM users WHERE email IS NULL'"):
        verify_schema.fn(second, expected)
    with pytest.raises(WayBackFailed, match="needs a restore to before 1 was left"):
        put_schema_back.fn(second, facts_of(second))

    asked: list[dict[str, Any]] = []

    def restore(release: Release, facts: dict[str, Any]) -> str:
        asked.append(facts)
        return f"restored {release.app}"

    told = put_schema_back.fn(second, facts_of(second), restore)
    assert told.startswith(f"restored {second.app}, because the migration damaged data: 2 rows over 0")
    assert asked == [facts_of(second)]


def test_an_older_version_is_released_on_what_later_ones_added(orders: list[Release]) -> None:
    first, second = orders
    expand_schema.fn(second)
    verify_schema.fn(first, expand_schema.fn(first))
    assert put_schema_back.fn(first, facts_of(first)).startswith("schema back at 3: the schema was not changed")


def test_without_a_migration_there_is_nothing_to_do_or_undo(started_platform: Environment, tmp_path: Path) -> None:
    make_folder(started_platform.state)
    commit(tmp_path / "app", "v1", {"pipeline.toml": manifest("no-schema-app"), "server.py": server()})
    order = checkout.fn("local", str(tmp_path / "app"), "v1", "v1-test")
    assert expand_schema.fn(order) == ()
    verify_schema.fn(order, ())
    assert put_schema_back.fn(order, {"revisions": [], "fingerprint": ""}) == "no schema"
