"""A marked UPDATE becomes batches, and what cannot be one is refused with the reason."""

from __future__ import annotations

import pytest

from migrations.backfill import NotABackfill, backfill, is_marked, parse_backfill


def test_a_marked_update_is_taken_apart() -> None:
    found = parse_backfill("-- backfill key=id batch=10\nUPDATE users u SET a = b WHERE a IS NULL OR c;")
    assert (found.table, found.row, found.key, found.batch) == ("users", "u", "id", 10)
    assert found.between("5", "9") == 'UPDATE users u SET a = b WHERE (a IS NULL OR c) AND u."id" <= 9 AND u."id" > 5'
    assert found.between("", "9") == 'UPDATE users u SET a = b WHERE (a IS NULL OR c) AND u."id" <= 9'


def test_only_the_outermost_where_counts() -> None:
    text = "UPDATE public.t SET a = (SELECT x FROM y WHERE z), b = 'WHERE' FROM v WHERE v.k = t.k"
    found = parse_backfill(f"  -- backfill: key=k\n{text}")
    assert (found.table, found.condition, found.batch) == ("public.t", "v.k = t.k", 5000)
    assert found.left_over == "SELECT count(*) FROM public.t AS t, v WHERE v.k = t.k"


def test_distinct_from_names_no_table() -> None:
    found = parse_backfill("-- backfill key=k\nUPDATE t SET a = b IS DISTINCT FROM c WHERE a IS NULL")
    assert found.left_over == "SELECT count(*) FROM t AS t WHERE a IS NULL"


def test_the_function_writes_what_is_read_again() -> None:
    statement = backfill("shifts", "id", "hours = 8", "hours IS NULL", batch=7)
    assert is_marked(statement)
    assert parse_backfill(statement).condition == "hours IS NULL"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- backfill\nUPDATE t SET a = 1 WHERE b", "names no key"),
        ("-- backfill key=a;drop\nUPDATE t SET a = 1 WHERE b", "names no key"),
        ("-- backfill key=id\nUPDATE t SET a = 1", "WHERE that rows already filled do not meet"),
        ("-- backfill key=id\nUPDATE t SET a = 1 WHERE b RETURNING c", "exactly one statement"),
        ("-- backfill key=id\nUPDATE t SET a = 1 WHERE b; SELECT 1", "exactly one statement"),
        ("-- backfill key=id\nDELETE FROM t WHERE b", "not of 'DELETE FROM t WHERE b'"),
        ("-- backfill key=id batch=0\nUPDATE t SET a = 1 WHERE b", "must be a number from 1 to 100000"),
        ("-- backfill key=id size=3\nUPDATE t SET a = 1 WHERE b", "unknown option 'size'"),
        ("SELECT 1;\n-- backfill key=id\nUPDATE t SET a = 1 WHERE b", "is not at its start"),
    ],
)
def test_what_cannot_be_a_backfill_says_why(text: str, said: str) -> None:
    assert is_marked(text)
    with pytest.raises(NotABackfill, match=said):
        parse_backfill(text)
