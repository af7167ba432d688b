"""What a revision takes away is told by name."""

from __future__ import annotations

from infra.migration_lint.drops import drops_of


def test_dropped_tables_and_columns_are_named() -> None:
    sql = (
        'DROP TABLE IF EXISTS a, public."B c" CASCADE; ALTER TABLE ONLY x DROP COLUMN IF EXISTS y, DROP z;'
        "-- DROP TABLE no\nDROP INDEX i; ALTER TABLE x ADD w int; SELECT 'DROP TABLE no'"
    )
    assert drops_of(sql) == [("a", ""), ("B c", ""), ("x", "y"), ("x", "z")]
    assert drops_of("") == []
