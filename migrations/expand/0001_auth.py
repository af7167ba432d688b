"""Roles and the function of Supabase that policies ask, where the database is a plain Postgres."""

from alembic import op

revision = "0001_auth"
down_revision = None
branch_labels = ("expand",)
depends_on = None

# Roles belong to the whole cluster: an app's own role may not make them, so whoever runs the cluster does, once.
ROLES = """
DO $$
DECLARE missing text;
BEGIN
    SELECT string_agg(name, ', ') INTO missing
    FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name);
    IF missing IS NOT NULL AND NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'the roles % are missing and % may not make them', missing, current_user
            USING HINT = 'as a superuser: CREATE ROLE anon NOLOGIN; and the same for authenticated and service_role';
    END IF;
    IF missing LIKE '%anon%' THEN CREATE ROLE anon NOLOGIN; END IF;
    IF missing LIKE '%authenticated%' THEN CREATE ROLE authenticated NOLOGIN; END IF;
    IF missing LIKE '%service_role%' THEN CREATE ROLE service_role NOLOGIN; END IF;
END $$
"""
# On Supabase the schema and its function are there already, and theirs stay.
AUTH = """
DO $$
BEGIN
    IF to_regnamespace('auth') IS NULL THEN
        CREATE SCHEMA auth;
        COMMENT ON SCHEMA auth IS 'stands for the one of Supabase';
        CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
            'SELECT (nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb ->> ''sub'')::uuid';
        GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
    END IF;
END $$
"""
BACK = """
DO $$
BEGIN
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') = 'stands for the one of Supabase' THEN
        DROP SCHEMA auth CASCADE;
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute(ROLES)
    op.execute(AUTH)


def downgrade() -> None:
    op.execute(BACK)
