"""The way into a Supabase project's Postgres: straight, because a schema cannot be changed through a pooler."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from infra.database.archive import Archive
from infra.database.connection import Access, access_to
from infra.environment import Environment, Supabase
from infra.environment.secret import read_secret
from infra.errors import BadInput
from infra.objects.configured import store_settings
from infra.ports import LOOPBACK

FIELD = "supabase.database_url"
TRANSACTION_POOLER_PORT = 6543  # Supavisor and PgBouncer in transaction mode: supabase.com/docs, connecting to postgres


def supabase_settings(environment: Environment) -> Supabase:
    """The `[supabase]` table. Raises BadInput where there is none."""
    if environment.supabase is None:
        raise BadInput(
            f"{environment.name}.toml: supabase",
            "is missing: the environment names no database",
            "add [supabase]; example.toml explains its keys",
        )
    return environment.supabase


def direct_access(environment: Environment) -> Access:
    """The role and database of the project, always over TLS but on this machine.

    `?sslmode=verify-full` in the URL checks the server's certificate too (against the file in PGSSLROOTCERT). Raises
    BadInput for a variable that is not set and for a pooler.
    """
    url = read_secret(FIELD, supabase_settings(environment).database_url).get_secret_value()
    check_is_direct(url)
    access = access_to(url, f"Supabase project {supabase_settings(environment).project}")
    is_here = access.host in (LOOPBACK, "localhost")
    return access if access.sslmode or is_here else replace(access, sslmode="require")


def check_is_direct(url: str) -> None:
    """Raises BadInput for the transaction pooler: it gives each transaction another session.

    Advisory locks, `SET lock_timeout`, prepared statements, exported snapshots and `CREATE INDEX CONCURRENTLY` all
    need the session that they began in. The session pooler (port 5432) keeps it, and works where there is no IPv6.
    """
    access = access_to(url)
    asked_for = "true" in parse_qs(urlsplit(url).query).get("pgbouncer", [])
    if access.port == TRANSACTION_POOLER_PORT or asked_for:
        raise BadInput(
            FIELD,
            f"leads to the transaction pooler ({access.host}:{access.port}), through which no schema can be changed"
            " safely: locks and settings do not outlive a transaction there",
            "give the direct connection (db.<project>.supabase.co:5432), or the session pooler where there is no IPv6"
            " (...pooler.supabase.com:5432)",
        )


def supabase_archive(environment: Environment) -> Archive:
    """Where our own sealed dumps of the project go; the project's ref stands for the cluster."""
    store = store_settings(environment)
    return Archive(
        store.endpoint,
        store.backup_bucket,
        supabase_settings(environment).project,
        read_secret("objects.key", store.key).get_secret_value(),
        read_secret("objects.secret", store.secret).get_secret_value(),
        read_secret("objects.backup_key", store.backup_key).get_secret_value(),
        store.region,
    )
