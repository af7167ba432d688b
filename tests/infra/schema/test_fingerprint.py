"""The fingerprint changes with every part of a schema, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from data_platform_parts import DataPlatform, rows

from infra.database.connection import access_to
from infra.schema.fingerprint import fingerprint_of

BASE = """
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x', age int);
CREATE VIEW names AS SELECT name FROM people;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE SEQUENCE numbers;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
"""


@pytest.fixture(scope="module")
def described_url(session_platform: DataPlatform) -> Iterator[str]:
    url = session_platform.database.scratch("fingerprint")
    rows(url, BASE)
    yield url
    session_platform.database.drop_scratch(url)


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        ("ALTER TABLE people ADD email text", "ALTER TABLE people DROP email"),
        ("ALTER TABLE people ALTER age TYPE bigint", "ALTER TABLE people ALTER age TYPE int"),
        ("ALTER TABLE people ALTER name SET DEFAULT 'y'", "ALTER TABLE people ALTER name SET DEFAULT 'x'"),
        ("ALTER TABLE people ALTER age SET NOT NULL", "ALTER TABLE people ALTER age DROP NOT NULL"),
        ("ALTER TABLE people DROP age", "ALTER TABLE people ADD age int"),
        ("CREATE INDEX by_name ON people (name)", "DROP INDEX by_name"),
        ("ALTER TABLE people ADD CONSTRAINT old CHECK (age > 0)", "ALTER TABLE people DROP CONSTRAINT old"),
        ("CREATE OR REPLACE VIEW names AS SELECT upper(name) AS name FROM people",
         "CREATE OR REPLACE VIEW names AS SELECT name FROM people"),
        ("ALTER TABLE people ENABLE ROW LEVEL SECURITY", "ALTER TABLE people DISABLE ROW LEVEL SECURITY"),
        ("CREATE POLICY mine ON people USING (name = current_user)", "DROP POLICY mine ON people"),
        ("CREATE TRIGGER t BEFORE UPDATE ON people EXECUTE FUNCTION suppress_redundant_updates_trigger()",
         "DROP TRIGGER t ON people"),
        ("CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n + n'",
         "CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'"),
        ("ALTER SEQUENCE numbers INCREMENT 5", "ALTER SEQUENCE numbers INCREMENT 1"),
        ("CREATE SCHEMA more", "DROP SCHEMA more"),
        ("CREATE DOMAIN positive AS int CHECK (VALUE > 0)", "DROP DOMAIN positive"),
        ("CREATE EXTENSION pg_trgm", "DROP EXTENSION pg_trgm"),
    ],
)  # fmt: skip
def test_a_change_shows_and_its_undoing_restores(described_url: str, change: str, undo: str) -> None:
    access = access_to(described_url)
    before = fingerprint_of(access)
    rows(described_url, change)
    changed = fingerprint_of(access)
    rows(described_url, undo)
    assert changed != before
    assert fingerprint_of(access) == before


def test_rows_and_alembics_own_table_do_not_count(scratch_url: str) -> None:
    rows(scratch_url, BASE)
    access = access_to(scratch_url)
    before = fingerprint_of(access)
    rows(scratch_url, "INSERT INTO people VALUES (1); SELECT nextval('numbers'); ANALYZE")
    rows(
        scratch_url, "CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY)"
    )
    assert fingerprint_of(access) == before


def test_what_the_pipeline_and_supabase_make_for_themselves_does_not_show(described_url: str) -> None:
    access = access_to(described_url)
    rows(described_url, "CREATE TABLE days (day date) PARTITION BY RANGE (day)")
    before = fingerprint_of(access)
    rows(described_url, "CREATE SCHEMA release_pipeline")
    rows(described_url, "CREATE TABLE release_pipeline.locks (id int PRIMARY KEY)")
    assert fingerprint_of(access) == before
    rows(described_url, "CREATE TABLE monday PARTITION OF days FOR VALUES FROM ('2026-11-23') TO ('2026-11-24')")
    assert fingerprint_of(access) != before, "a partition of the app's own is part of its schema"
    rows(described_url, "DROP TABLE days; DROP SCHEMA release_pipeline CASCADE")
