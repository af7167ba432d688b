"""What was applied to a database, written in it by each revision's own transaction, with the backfills it left.

Alembic keeps the newest revisions only. An older version of the app, which lacks their files, still has to know
what they stand on and whether one of them took something away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, event, text

from migrations.backfill import NotABackfill, is_marked, parse_backfill
from migrations.filling import Stopped, check_key

_MAKE = (
    "CREATE TABLE IF NOT EXISTS pipeline_schema_history (revision text PRIMARY KEY, branch text NOT NULL,"
    " parents text[] NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
    # How long its transaction took; how many others waited for one of its locks, and the longest wait.
    "ALTER TABLE pipeline_schema_history ADD COLUMN IF NOT EXISTS held_ms float8,"
    " ADD COLUMN IF NOT EXISTS waited_ms float8, ADD COLUMN IF NOT EXISTS waiters int",
    "CREATE TABLE IF NOT EXISTS pipeline_backfills (revision text, number int, statement text NOT NULL, last_key text,"
    " seen bigint NOT NULL DEFAULT 0, changed bigint NOT NULL DEFAULT 0, total bigint NOT NULL DEFAULT 0,"
    " left_over bigint NOT NULL DEFAULT 0, seconds float8 NOT NULL DEFAULT 0,"
    " queued_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, finished_at timestamptz,"
    " PRIMARY KEY (revision, number))",
    "CREATE TABLE IF NOT EXISTS alembic_version"
    " (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
    # Supabase grants anon and authenticated everything in `public` (its default privileges): whoever has the app's
    # public key could otherwise write a statement here that a backfill would run as the owner of the data.
    """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT oid::regclass::text FROM pg_class WHERE NOT relrowsecurity AND oid IN (
            to_regclass('alembic_version'), to_regclass('pipeline_schema_history'), to_regclass('pipeline_backfills'))
        LOOP
            EXECUTE 'ALTER TABLE ' || name || ' ENABLE ROW LEVEL SECURITY';
            EXECUTE coalesce((SELECT 'REVOKE ALL ON ' || name || ' FROM ' || string_agg(quote_ident(rolname), ', ')
                FROM pg_roles WHERE rolname IN ('anon', 'authenticated')), 'SELECT');
        END LOOP;
    END $$
    """,
)
_ADD = text(
    "INSERT INTO pipeline_schema_history (revision, branch, parents) VALUES (:revision, :branch, :parents)"
    " ON CONFLICT (revision) DO UPDATE SET branch = excluded.branch, parents = excluded.parents, applied_at = now()"
)
_REMOVE = text("DELETE FROM pipeline_schema_history WHERE revision = :revision")
_QUEUE = text("INSERT INTO pipeline_backfills (revision, number, statement) VALUES (:revision, :number, :statement)")
_FORGET = text("DELETE FROM pipeline_backfills WHERE revision = :revision")
_OWN = ("alembic_version", "pipeline_schema_history", "pipeline_backfills")


@dataclass(frozen=True)
class Applied:
    """One revision as it was when it was applied."""

    revision: str
    branch: str
    parents: tuple[str, ...]


def make_history(connection: Connection) -> None:
    """The tables, where they are missing; nobody but their owner may read or write them."""
    for statement in _MAKE:
        connection.exec_driver_sql(statement)
    connection.commit()


class Recorder:
    """Called by Alembic inside the transaction of each revision; keeps the backfills it meets for later."""

    def __init__(self, known: Mapping[str, Applied]) -> None:
        self._known = known
        self._met: list[str] = []

    def listen(self, connection: Connection) -> None:
        """Look at each statement before it runs."""
        event.listen(connection, "before_cursor_execute", self._look, retval=True)

    def __call__(self, *, ctx: MigrationContext, step: MigrationInfo, **_: object) -> None:
        """Write the revision down, or take it off again on the way back."""
        if ctx.as_sql or ctx.connection is None:
            return
        applied = self._known[str(step.up_revision_id)]
        name = {"revision": applied.revision}
        ctx.connection.execute(_FORGET, name)
        if step.is_upgrade:
            ctx.connection.execute(_ADD, {**name, "branch": applied.branch, "parents": list(applied.parents)})
            for number, statement in enumerate(self._met, start=1):
                ctx.connection.execute(_QUEUE, {**name, "number": number, "statement": statement})
        else:
            ctx.connection.execute(_REMOVE, name)
        self._met.clear()

    def _look(self, connection: Connection, *rest: Any) -> tuple[str, Any]:
        _cursor, statement, parameters, context, _many = rest
        is_own = any(name in statement for name in _OWN)
        if not is_marked(statement) or is_own:
            if self._met and not is_own:
                raise NotABackfill(
                    f"a statement stands after the backfill: {statement[:60]!r}; give it a revision of its own"
                )
            return statement, parameters
        # SQLAlchemy doubles each % of what it compiled, for the driver.
        written = statement.replace("%%", "%") if context and context.compiled is not None else statement
        check_key(connection.connection.driver_connection, parse_backfill(written))  # type: ignore[arg-type] # psycopg's own
        self._met.append(written)
        return "SELECT 1", ()


def note_time(connection: Any, revision: str, milliseconds: float) -> None:
    """How long the revision's transaction took, which no lock of it can have outlasted."""
    with connection.transaction():
        connection.execute(
            "UPDATE pipeline_schema_history SET held_ms = %s WHERE revision = %s", (milliseconds, revision)
        )


__all__ = ["Applied", "NotABackfill", "Recorder", "Stopped", "make_history", "note_time"]
