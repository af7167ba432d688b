"""SecuryFlex's own schema: it leads to its models, goes all the way back, and shows each role its own rows only."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from data_platform_parts import DataPlatform, rows

from infra.database.connection import access_to
from infra.environment import PROJECT_FOLDER
from infra.errors import CommandFailed
from infra.local.postgres_settings import superuser
from infra.migration_lint.lint import lint
from infra.schema.alembic_branches import AlembicSchema
from infra.schema.applied import applied_revisions
from infra.schema.models import differences

FOLDER = PROJECT_FOLDER / "migrations"
MODELS = "migrations.models:metadata"
GUARD, OTHER, OWNER, RIVAL, BOSS = (UUID(int=n) for n in range(1, 6))
PEOPLE = f"""
INSERT INTO users (id, email, role, full_name) VALUES
    ('{GUARD}', 'guard@x', 'guard', 'G'), ('{OTHER}', 'other@x', 'guard', 'O'), ('{OWNER}', 'owner@x', 'company', 'C'),
    ('{RIVAL}', 'rival@x', 'company', 'R'), ('{BOSS}', 'boss@x', 'admin', 'B');
INSERT INTO companies (id, owner_id, name, kvk_number)
    VALUES ('{OWNER}', '{OWNER}', 'C', '1'), ('{RIVAL}', '{RIVAL}', 'R', '2');
INSERT INTO clients (id, company_id, name) VALUES ('{OWNER}', '{OWNER}', 'K');
INSERT INTO assignments (id, company_id, client_id, title, address, starts_at, ends_at, hourly_rate_cents)
    VALUES ('{OWNER}', '{OWNER}', '{OWNER}', 'Gate', 'Quay 1', now(), now() + '8 hours', 3000);
INSERT INTO shifts (id, assignment_id, guard_id, starts_at, ends_at, break_minutes)
    VALUES ('{GUARD}', '{OWNER}', '{GUARD}', now(), now() + '8 hours', 30);
"""


@pytest.fixture
def superuser_url(data_platform: DataPlatform) -> str:
    environment = data_platform.environment
    return superuser(environment, "postgres-primary", environment.platform.postgres_port).url


def test_it_leads_to_its_models_and_all_the_way_back(scratch_url: str) -> None:
    schema = AlembicSchema(FOLDER, scratch_url)
    empty = schema.fingerprint()
    assert lint(schema.written("expand")).blocking == ()
    assert schema.upgrade("expand", print) == ("0008_fill_paid_minutes",)
    assert differences(Path("/"), MODELS, scratch_url, is_strict=False) == []
    assert lint(schema.written("contract")).blocking == ()
    assert schema.upgrade("contract", print) == ("c001_worked_minutes",)
    assert differences(Path("/"), MODELS, scratch_url, is_strict=True) == []
    rows(scratch_url, "ALTER TABLE users ADD COLUMN stray text; DROP INDEX clients_user_id_idx")
    found = differences(Path("/"), MODELS, scratch_url, is_strict=True)
    assert sorted(line.split()[0] for line in found) == ["add_index", "remove_column"]
    rows(scratch_url, "ALTER TABLE users DROP COLUMN stray; CREATE INDEX ON clients (user_id)")
    assert schema.back_to((), print) == ()
    assert schema.fingerprint() == empty


def test_hours_that_were_there_get_their_paid_minutes(scratch_url: str, tmp_path: Path) -> None:
    before = tmp_path / "expand"
    before.mkdir()
    for file in sorted((FOLDER / "expand").glob("000[1-6]*.py")):
        (before / file.name).write_text(file.read_text())
    AlembicSchema(tmp_path, scratch_url).upgrade("expand", print)
    rows(scratch_url, PEOPLE)
    hours = "INSERT INTO shift_hours (shift_id, worked_from, worked_to, worked_minutes)"
    rows(scratch_url, f"{hours} VALUES ('{GUARD}', now(), now(), 480)")
    AlembicSchema(FOLDER, scratch_url).upgrade("expand", print)
    assert rows(scratch_url, "SELECT worked_minutes, paid_minutes FROM shift_hours") == [(480, 450)]
    last = applied_revisions(access_to(scratch_url))[-1]
    assert (last.rows, last.left_over) == (1, 0)


def test_each_role_sees_and_writes_its_own_rows_only(scratch_url: str) -> None:
    AlembicSchema(FOLDER, scratch_url).upgrade("expand", print)
    rows(scratch_url, PEOPLE)
    with psycopg.connect(scratch_url, autocommit=True) as connection:

        def ask(who: UUID, question: str) -> int:
            connection.execute("SET ROLE authenticated")
            connection.execute("SELECT set_config('request.jwt.claims', %s, false)", [f'{{"sub": "{who}"}}'])
            try:
                return connection.execute(question.encode()).rowcount
            finally:
                connection.execute("RESET ROLE")

        seen = {who: ask(who, "SELECT * FROM shifts") for who in (GUARD, OTHER, OWNER, RIVAL, BOSS, uuid4())}
        assert list(seen.values()) == [1, 0, 1, 0, 1, 0]
        assert [ask(who, "SELECT * FROM assignments") for who in (GUARD, OWNER, BOSS)] == [0, 1, 1]
        assert [ask(who, "SELECT * FROM security_log") for who in (GUARD, OWNER)] == [0, 0]
        assert ask(GUARD, "UPDATE users SET phone = '1'") == 1
        assert ask(RIVAL, "UPDATE assignments SET title = 'mine'") == 0
        checkin = "INSERT INTO gps_checkins (shift_id, guard_id, kind, latitude, longitude) VALUES"
        assert ask(GUARD, f"{checkin} ('{GUARD}', '{GUARD}', 'in', 52, 4)") == 1
        refused = (
            (OTHER, f"{checkin} ('{GUARD}', '{OTHER}', 'in', 52, 4)"),
            (GUARD, "UPDATE users SET role = 'admin'"),
            (GUARD, "DELETE FROM users"),
        )
        for who, statement in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(who, statement)


def test_the_service_sees_every_row_and_a_stranger_none(scratch_url: str) -> None:
    AlembicSchema(FOLDER, scratch_url).upgrade("expand", print)
    rows(scratch_url, PEOPLE)
    with psycopg.connect(scratch_url, autocommit=True) as connection:
        connection.execute("SET ROLE service_role")
        assert connection.execute("SELECT count(*) FROM shifts").fetchone() == (1,)
        connection.execute("SET ROLE anon")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT count(*) FROM shifts")


def test_without_the_roles_it_says_who_has_to_make_them(superuser_url: str, scratch_url: str) -> None:
    rows(superuser_url, "ALTER ROLE anon RENAME TO anon_away")
    try:
        with pytest.raises(CommandFailed, match="the roles anon are missing and app_shop may not make them"):
            AlembicSchema(FOLDER, scratch_url).upgrade("expand", print)
    finally:
        rows(superuser_url, "ALTER ROLE anon_away RENAME TO anon")


def test_a_stranger_cannot_write_what_a_backfill_would_run_although_supabase_grants_everything(
    scratch_url: str,
) -> None:
    grant = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role"
    rows(scratch_url, grant)
    AlembicSchema(FOLDER, scratch_url).upgrade("expand", print)
    with psycopg.connect(scratch_url, autocommit=True) as connection:
        for table in ("pipeline_backfills", "pipeline_schema_history", "alembic_version"):
            for role in ("anon", "authenticated"):
                connection.execute(f"SET ROLE {role}".encode())
                for statement in (f"SELECT FROM {table}", f"INSERT INTO {table} DEFAULT VALUES", f"TRUNCATE {table}"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                        connection.execute(statement.encode())
                connection.execute("RESET ROLE")
            has_security = "SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass(%s)"
            assert connection.execute(has_security, (table,)).fetchone() == (True,)
