"""What was applied to a database, written in it by each revision's own transaction.

Alembic keeps the newest revisions only. An older version of the app, which lacks their files, still has to know
what they stand on and whether one of them took something away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, text

_MAKE = text(
    "CREATE TABLE IF NOT EXISTS pipeline_schema_history (revision text PRIMARY KEY, branch text NOT NULL,"
    " parents text[] NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
)
_ADD = text(
    "INSERT INTO pipeline_schema_history (revision, branch, parents) VALUES (:revision, :branch, :parents)"
    " ON CONFLICT (revision) DO UPDATE SET branch = excluded.branch, parents = excluded.parents, applied_at = now()"
)
_REMOVE = text("DELETE FROM pipeline_schema_history WHERE revision = :revision")


@dataclass(frozen=True)
class Applied:
    """One revision as it was when it was applied."""

    revision: str
    branch: str
    parents: tuple[str, ...]


def make_history(connection: Connection) -> None:
    """The table, where it is missing."""
    connection.execute(_MAKE)
    connection.commit()


class Recorder:
    """Called by Alembic inside the transaction of each revision."""

    def __init__(self, known: Mapping[str, Applied]) -> None:
        self._known = known

    def __call__(self, *, ctx: MigrationContext, step: MigrationInfo, **_: object) -> None:
        """Write the revision down, or take it off again on the way back."""
        if ctx.as_sql or ctx.connection is None:
            return
        applied = self._known[str(step.up_revision_id)]
        if step.is_upgrade:
            row = {"revision": applied.revision, "branch": applied.branch, "parents": list(applied.parents)}
            ctx.connection.execute(_ADD, row)
        else:
            ctx.connection.execute(_REMOVE, {"revision": applied.revision})
