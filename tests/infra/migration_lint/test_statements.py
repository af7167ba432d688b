"""What may break a live version is found, and what may not is let through: one table each."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.migration_lint import LintReport
from infra.migration_lint.lint import lint
from infra.schema import Revision, Written

UNSAFE_ON_EXPAND = [
    ("TRUNCATE users", "truncate"),
    ("UPDATE users SET active = true", "whole-table-update"),
    ("UPDATE users SET active = true WHERE active IS NULL", "whole-table-update"),
    ("UPDATE users SET active = true WHERE 1 = 1", "whole-table-update"),
    ("UPDATE users SET a = b.a FROM b WHERE b.id = users.id", "whole-table-update"),
    ("UPDATE users SET a = 1 WHERE id = 3 OR a IS NULL", "whole-table-update"),
    ("DELETE FROM users", "whole-table-delete"),
    ("DELETE FROM users WHERE id = 3", "delete-on-expand"),
    ("WITH old AS (DELETE FROM users RETURNING *) INSERT INTO gone SELECT * FROM old", "whole-table-delete"),
    ("MERGE INTO users USING b ON users.id = b.id WHEN MATCHED THEN UPDATE SET a = b.a", "merge"),
    ("DO $$ BEGIN UPDATE users SET a = 1; END $$", "whole-table-update"),
    ("DO $$ BEGIN IF true THEN DROP TABLE users; END IF; END $$", "drop-on-expand"),
    ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'users'; END $$", "dynamic-sql"),
    ("DROP TABLE users", "drop-on-expand"),
    ("DROP TABLE IF EXISTS users CASCADE", "drop-on-expand"),
    ("ALTER TABLE users DROP COLUMN email", "drop-on-expand"),
    ("ALTER TABLE users ADD COLUMN a int, DROP COLUMN email", "drop-on-expand"),
    ("ALTER TABLE users DROP CONSTRAINT users_email_key", "drop-on-expand"),
    ("ALTER TABLE users ALTER COLUMN email DROP DEFAULT", "drop-on-expand"),
    ("DROP VIEW active_users", "drop-on-expand"),
    ("DROP FUNCTION total(int)", "drop-on-expand"),
    ("DROP TYPE mood", "drop-on-expand"),
    ("DROP POLICY own_rows ON users", "drop-on-expand"),
    ("DROP TRIGGER sync ON users", "drop-on-expand"),
    ("DROP INDEX CONCURRENTLY users_email", "drop-on-expand"),
    ("DROP SCHEMA billing CASCADE", "drops-everything"),
    ("ALTER TABLE users RENAME COLUMN email TO mail", "rename"),
    ("ALTER TABLE users RENAME TO people", "rename"),
    ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "rename"),
    ("ALTER VIEW v RENAME TO w", "rename"),
    ("ALTER TABLE users SET SCHEMA old", "rename"),
    ("ALTER TABLE users ALTER COLUMN id TYPE bigint", "change-type"),
    ("alter table only public.\"users\" alter id set data type bigint using id::bigint", "change-type"),
    ("ALTER TABLE users ALTER COLUMN email SET NOT NULL", "not-null-without-check"),
    ("ALTER TABLE users ADD CONSTRAINT n CHECK (email IS NOT NULL) NOT VALID;"
     "ALTER TABLE users ALTER COLUMN email SET NOT NULL", "not-null-without-check"),
    ("ALTER TABLE users ADD COLUMN age int NOT NULL", "required-column"),
    ("ALTER TABLE users ADD COLUMN code serial", "rewrites-table"),
    ("ALTER TABLE users ADD COLUMN code bigint GENERATED ALWAYS AS IDENTITY", "rewrites-table"),
    ("ALTER TABLE users ADD COLUMN total int GENERATED ALWAYS AS (a + b) STORED", "rewrites-table"),
    ("ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()", "adding-field-with-default"),
    ("ALTER TABLE users SET UNLOGGED", "rewrites-table"),
    ("ALTER TABLE users ADD COLUMN email text UNIQUE", "unique-under-lock"),
    ("ALTER TABLE users ADD CONSTRAINT one UNIQUE (email)", "unique-on-existing"),
    ("ALTER TABLE users ADD CONSTRAINT one UNIQUE USING INDEX users_email", "unique-on-existing"),
    ("CREATE UNIQUE INDEX CONCURRENTLY one ON users (email)", "unique-on-existing"),
    ("CREATE INDEX by_email ON users (email)", "require-concurrent-index-creation"),
    ("ALTER TABLE users ADD CONSTRAINT old CHECK (age > 17)", "constraint-missing-not-valid"),
    ("ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b (id)", "adding-foreign-key-constraint"),
    ("VACUUM FULL users", "heavy-lock"),
    ("CLUSTER users", "heavy-lock"),
    ("LOCK TABLE users", "heavy-lock"),
    ("REINDEX TABLE users", "heavy-lock"),
    ("REFRESH MATERIALIZED VIEW totals", "heavy-lock"),
    ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "row-security-on-existing"),
    ("CREATE POLICY few ON users AS RESTRICTIVE USING (false)", "row-security-on-existing"),
    ("ALTER TABLE users DISABLE ROW LEVEL SECURITY", "row-security-off"),
    ("REVOKE SELECT ON users FROM anon", "takes-rights-away"),
    ("ALTER TABLE users OWNER TO somebody", "takes-rights-away"),
    ("ALTER TABLE users DISABLE TRIGGER ALL", "switches-off-trigger"),
    ("ALTER TABLE visits DETACH PARTITION visits_2024", "drop-on-expand"),
    ("SET lock_timeout = 0; ALTER TABLE users ADD COLUMN a int", "no-timeout"),
    ("SET LOCAL statement_timeout TO '0s'", "no-timeout"),
    ("ALTER TABLE users ADD COLUM a int", "syntax-error"),
    ("-- backfill\nUPDATE users SET a = 1 WHERE a IS NULL", "broken-backfill"),
    ("-- backfill key=id\nUPDATE users SET a = 1 WHERE a IS NULL; SELECT 1", "backfill-not-last"),
]  # fmt: skip
SAFE_ON_EXPAND = [
    "ALTER TABLE users ADD COLUMN age int",
    "ALTER TABLE users ADD COLUMN IF NOT EXISTS age bigint, ADD COLUMN name text",
    "ALTER TABLE users ADD COLUMN kind text NOT NULL DEFAULT 'guest'",
    "ALTER TABLE users ADD COLUMN seen timestamptz DEFAULT now()",
    "ALTER TABLE users ALTER COLUMN email DROP NOT NULL",
    "ALTER TABLE users ALTER COLUMN email SET DEFAULT 'none'",
    "CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL UNIQUE)",
    "CREATE TABLE t (id bigint PRIMARY KEY); CREATE INDEX i ON t (id)",
    "CREATE TABLE IF NOT EXISTS public.t (id bigint); ALTER TABLE t ADD COLUMN a int NOT NULL",
    "CREATE TABLE t (id bigint); ALTER TABLE \"t\" ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (true)",
    "CREATE TABLE t (id bigint); ALTER TABLE t ADD CONSTRAINT u UNIQUE (id)",
    "CREATE TABLE t (id bigint); INSERT INTO t SELECT generate_series(1, 9); UPDATE t SET id = id + 1",
    "CREATE TABLE t (id bigint); DROP TABLE t",
    "CREATE INDEX CONCURRENTLY by_email ON users (email)",
    "ALTER TABLE users ADD CONSTRAINT old CHECK (age > 17) NOT VALID",
    "ALTER TABLE users VALIDATE CONSTRAINT old",
    "ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b (id) NOT VALID",
    "ALTER TABLE users ADD CONSTRAINT n CHECK (email IS NOT NULL) NOT VALID;"
    "ALTER TABLE users VALIDATE CONSTRAINT n; ALTER TABLE users ALTER COLUMN email SET NOT NULL",
    "INSERT INTO settings (name, value) VALUES ('a', 'DROP TABLE users; TRUNCATE users')",
    "INSERT INTO settings VALUES ('a', 1) ON CONFLICT (name) DO UPDATE SET value = 1",
    "UPDATE settings SET value = '1' WHERE name = 'limit'",
    "UPDATE settings SET value = '1' WHERE (name IN ('a', 'b')) AND value IS NULL",
    "-- DELETE FROM users;\nSELECT 1",
    "/* TRUNCATE users; */ SELECT 'UPDATE users SET a = 1'",
    "COMMENT ON TABLE users IS 'it''s; DROP TABLE users'",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN DELETE FROM users; RETURN NEW; END $f$",
    "CREATE TRIGGER sync BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE VIEW v AS SELECT * FROM users",
    "CREATE OR REPLACE VIEW v AS SELECT * FROM users",
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    "ALTER TYPE mood ADD VALUE 'fine'",
    "GRANT SELECT ON users TO authenticated",
    "CREATE POLICY mine ON users FOR SELECT USING (auth.uid() = id)",
    "DROP POLICY IF EXISTS mine ON users; CREATE POLICY mine ON users USING (true)",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
    "REINDEX INDEX CONCURRENTLY by_email",
    "SET LOCAL lock_timeout = '2s'; ALTER TABLE users ADD COLUMN a int",
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE anon; END IF; END $$",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "-- backfill key=id\nUPDATE users SET a = b WHERE a IS NULL",
    "-- why\n-- backfill key=id batch=100\nUPDATE public.users AS u SET a = b WHERE u.a IS NULL OR u.a = ''",
    "ANALYZE users; VACUUM users",
    "ALTER TABLE users ENABLE TRIGGER ALL",
]  # fmt: skip
SAFE_ON_CONTRACT = [
    "ALTER TABLE users DROP COLUMN email",
    "DROP TABLE users",
    "DROP INDEX CONCURRENTLY by_email",
    "DELETE FROM settings WHERE name = 'old'",
    "CREATE UNIQUE INDEX CONCURRENTLY one ON users (email)",
    "ALTER TABLE users ADD CONSTRAINT one UNIQUE USING INDEX one",
    "DROP POLICY mine ON users; DROP VIEW v; DROP FUNCTION f(int); DROP TYPE mood",
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "REVOKE SELECT ON users FROM anon",
]
UNSAFE_ON_CONTRACT = [
    ("UPDATE users SET a = 1", "whole-table-update"),
    ("DELETE FROM users", "whole-table-delete"),
    ("TRUNCATE users", "truncate"),
    ("ALTER TABLE users RENAME COLUMN a TO b", "rename"),
    ("ALTER TABLE users ALTER a SET NOT NULL", "not-null-without-check"),
    ("ALTER TABLE users ADD CONSTRAINT one UNIQUE (email)", "unique-under-lock"),
    ("ALTER TABLE users ADD COLUMN a int NOT NULL", "required-column-on-contract"),
    ("DROP INDEX by_email", "require-concurrent-index-deletion"),
    ("DROP SCHEMA public CASCADE", "drops-everything"),
]


def checked(folder: Path, sql: str, branch: str = "expand") -> LintReport:
    file = folder / "0001_try.sql"
    file.write_text(sql)
    return lint([Written(Revision("0001", branch, "try", True, "", str(file)), sql, "digest")])


@pytest.mark.parametrize(("sql", "rule"), UNSAFE_ON_EXPAND)
def test_what_may_break_the_live_version_is_found(tmp_path: Path, sql: str, rule: str) -> None:
    assert rule in {finding.rule for finding in checked(tmp_path, sql).blocking}


@pytest.mark.parametrize("sql", SAFE_ON_EXPAND)
def test_what_only_adds_is_let_through(tmp_path: Path, sql: str) -> None:
    assert checked(tmp_path, sql).blocking == ()


@pytest.mark.parametrize("sql", SAFE_ON_CONTRACT)
def test_contract_may_take_away(tmp_path: Path, sql: str) -> None:
    assert checked(tmp_path, sql, "contract").blocking == ()


@pytest.mark.parametrize(("sql", "rule"), UNSAFE_ON_CONTRACT)
def test_contract_may_not_hurt_those_who_are_there(tmp_path: Path, sql: str, rule: str) -> None:
    assert rule in {finding.rule for finding in checked(tmp_path, sql, "contract").blocking}
