"""A Supabase project for tests: a database in the platform's real Postgres, and the Management API's twin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from data_platform_parts import DataPlatform, rows
from vendor_data import VARIABLES, vendor_environment

from deployments.twins.supabase import SupabaseTwin
from infra.database.connection import Access, connected
from infra.database.supabase import SupabaseDatabase
from infra.database.supabase_access import supabase_archive
from infra.database.supabase_recovery import SupabaseRecovery
from infra.environment import Environment
from infra.local.credentials import local_credentials
from infra.local.object_store import BACKUP_BUCKET, BUCKET, endpoint
from infra.local.postgres_settings import superuser

APP = "securyflex"
PROJECT = "supabase_project"
# What a project has of its own, and an app's table that leans on it, as Supabase's documentation shows.
SCHEMA = """
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid';
CREATE EXTENSION citext SCHEMA public;
CREATE TYPE state AS ENUM ('open', 'taken');
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, email citext);
CREATE TABLE shifts (id int PRIMARY KEY, owner uuid REFERENCES auth.users, state state DEFAULT 'open', note text);
CREATE TABLE alembic_version (version_num text PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0007');
ALTER TABLE shifts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shifts TO anon USING (owner = auth.uid());
GRANT SELECT ON shifts TO anon;
CREATE FUNCTION on_new_user() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO public.profiles VALUES (new.id, new.email); RETURN new; END';
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION on_new_user();
CREATE PUBLICATION supabase_realtime FOR TABLE shifts;
INSERT INTO auth.users (email) VALUES ('Guard@Example.com');
INSERT INTO shifts SELECT n, NULL, 'open', 'shift ' || n FROM generate_series(1, 500) AS n;
"""


@dataclass(frozen=True)
class Project:
    """The environment, the way in that the pipeline has, and the API's twin."""

    environment: Environment
    access: Access
    twin: SupabaseTwin

    @property
    def database(self) -> SupabaseDatabase:
        """As the pipeline would make it."""
        return SupabaseDatabase(self.environment)

    @property
    def recovery(self) -> SupabaseRecovery:
        """As the pipeline would make it."""
        return SupabaseRecovery(self.environment)

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """What the project's database answers."""
        return rows(self.access.url, question)


@pytest.fixture
def project(data_platform: DataPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project of its own; its role may what Supabase's `postgres` may, and is no superuser."""
    local = data_platform.environment
    boss = superuser(local, "postgres-primary", local.platform.postgres_port)
    access = Access("the project", boss.port, "supabase_postgres", "planted-database-pw", PROJECT)
    with connected(boss) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {PROJECT} WITH (FORCE)")
        connection.execute("DROP ROLE IF EXISTS supabase_postgres")
        connection.execute(
            "CREATE ROLE supabase_postgres LOGIN PASSWORD 'planted-database-pw'"
            " BYPASSRLS REPLICATION CREATEDB CREATEROLE"
        )
        connection.execute("GRANT pg_monitor, pg_signal_backend TO supabase_postgres")
        connection.execute(f"CREATE DATABASE {PROJECT} OWNER supabase_postgres")
    keys = local_credentials(local.state)
    store = {"T_S3_KEY": keys.object_store_key, "T_S3_SECRET": keys.object_store_secret, "T_DATABASE_URL": access.url}
    for name, value in {**VARIABLES, **store}.items():
        monkeypatch.setenv(name, value)
    with SupabaseTwin() as twin:
        environment = vendor_environment(
            tmp_path, supabase=twin, store=endpoint(local), buckets=(BUCKET, BACKUP_BUCKET)
        )
        found = Project(environment, access, twin)
        rows(access.url, SCHEMA)
        yield found
        archive = supabase_archive(environment)
        for stored in archive.objects.list(f"{archive.cluster}/"):
            archive.objects.delete(stored.key)
    with connected(boss) as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", [PROJECT]
        )
        connection.execute(f"DROP DATABASE {PROJECT} WITH (FORCE)")
        connection.execute("DROP ROLE supabase_postgres")
