"""What a preview's database was made of, kept in it: a revision that was rewritten since shows by its file's hash."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from infra.database.connection import Access, connected, has_row
from infra.schema import Written

_IS_KEPT = "SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename = 'pipeline_preview'"


def outdated(access: Access, written: Sequence[Written]) -> list[str]:
    """Revisions that the database has otherwise than `written` (all that the version has), or that it has alone."""
    now = {one.revision.id: one.digest for one in written}
    with connected(access) as connection:
        had = _noted(connection)
    return sorted(name for name, digest in had.items() if now.get(name) != digest)


def note_revisions(access: Access, written: Sequence[Written]) -> None:
    """Before they are applied: of a run that dies between, the next one knows what may be there."""
    with connected(access) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.pipeline_preview (revision text PRIMARY KEY, digest text)"
        )
        for one in written:
            connection.execute(
                "INSERT INTO public.pipeline_preview VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [one.revision.id, one.digest],
            )


def _noted(connection: psycopg.Connection) -> dict[str, str]:
    if not has_row(connection, _IS_KEPT):
        return {}
    rows = connection.execute("SELECT revision, digest FROM public.pipeline_preview").fetchall()
    return {str(revision): str(digest) for revision, digest in rows}
