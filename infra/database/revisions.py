"""Which app databases a cluster has, and which schema revision each is at."""

from __future__ import annotations

from dataclasses import replace

from infra.database.connection import Access, connected, has_row
from infra.database.names import is_app

MAINTENANCE = "postgres"


def app_databases(access: Access) -> list[str]:
    """The databases of apps, sorted; no scratch ones and none that were put aside."""
    with connected(replace(access, database=MAINTENANCE)) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE datallowconn ORDER BY 1").fetchall()
    return [str(name) for (name,) in found if is_app(str(name))]


def revisions(access: Access, database: str) -> list[str]:
    """The Alembic revisions (heads) that a database says it has, sorted; empty for one without migrations."""
    with connected(replace(access, database=database)) as connection:
        if not has_row(connection, "SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL"):
            return []
        return sorted(str(name) for (name,) in connection.execute("SELECT version_num FROM alembic_version"))


def all_revisions(access: Access) -> dict[str, list[str]]:
    """Each app database with its revisions."""
    return {database: revisions(access, database) for database in app_databases(access)}
