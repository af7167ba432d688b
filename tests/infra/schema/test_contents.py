"""What an expansion added is found and counted, and invariants are asked without being able to change anything."""

from __future__ import annotations

import pytest
from data_platform_parts import rows

from infra.database.connection import access_to
from infra.errors import Rejected
from infra.schema.contents import columns_of, contents_added, rows_of
from infra.schema.invariants import NOT_YET, broken_invariants


@pytest.fixture
def filled(scratch_url: str) -> str:
    rows(scratch_url, "CREATE TABLE users (id bigint PRIMARY KEY, email text)")
    rows(scratch_url, "INSERT INTO users SELECT n, 'u' FROM generate_series(1, 10) n")
    return scratch_url


def test_added_columns_and_tables_are_counted_by_what_they_hold(filled: str) -> None:
    access = access_to(filled)
    before = columns_of(access)
    assert before == {"public.users": ["id", "email"]}
    rows(
        filled, "ALTER TABLE users ADD a text, ADD b text DEFAULT 'x', ADD c bigint GENERATED ALWAYS AS (id + 1) STORED"
    )
    rows(filled, 'CREATE TABLE "Odd name" (n int)')
    rows(filled, "INSERT INTO users VALUES (11, 'live')")
    assert {one.name: one.rows for one in contents_added(access, before)} == {
        'public."Odd name"': 0,
        "public.users.a": 0,
        "public.users.b": 0,
    }
    rows(filled, "UPDATE users SET a = 'y', b = 'y' WHERE id < 4")
    rows(filled, 'INSERT INTO "Odd name" VALUES (1), (2)')
    first = {one.name: one for one in contents_added(access, before)}
    assert {name: one.rows for name, one in first.items()} == {
        'public."Odd name"': 2,
        "public.users.a": 3,
        "public.users.b": 3,
    }
    rows(filled, "UPDATE users SET a = 'z' WHERE id = 1")
    second = {one.name: one for one in contents_added(access, before)}
    assert second["public.users.a"].rows == 3
    assert second["public.users.a"].digest != first["public.users.a"].digest
    assert second["public.users.b"] == first["public.users.b"]


def test_what_would_be_dropped_is_counted(filled: str) -> None:
    access = access_to(filled)
    rows(filled, "UPDATE users SET email = NULL WHERE id = 1")
    assert (rows_of(access, "users"), rows_of(access, "users", "email"), rows_of(access, "gone")) == (10, 9, 0)


def test_invariants_tell_how_many_rows_are_wrong(filled: str) -> None:
    fine, wrong, later = "SELECT 1 WHERE false;", "SELECT id FROM users -- all", "SELECT missing FROM users"
    found = broken_invariants(access_to(filled), (fine, wrong, later))
    assert found == {fine: 0, wrong: 10, later: NOT_YET}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone", "."),
        ("SELECT 1; DROP TABLE users", "."),
        ("SELECT set_config('default_transaction_read_only', 'off', false), nextval('s')", "."),
    ],
)
def test_an_invariant_cannot_change_anything(filled: str, question: str, said: str) -> None:
    rows(filled, "CREATE SEQUENCE s")
    with pytest.raises(Rejected, match=said):
        broken_invariants(access_to(filled), (question,))
    assert rows(filled, "SELECT count(*), (SELECT is_called FROM s) FROM users") == [(10, False)]
