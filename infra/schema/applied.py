"""What a database says of the revisions it has: when each came, what it cost others meanwhile, and its backfill."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from infra.database.connection import Access, connected, has_row

_QUESTION = """
SELECT h.revision, h.branch, h.parents, extract(epoch FROM h.applied_at)::float8,
       h.held_ms, coalesce(h.waited_ms, 0), coalesce(h.waiters, 0),
       coalesce(b.changed, 0)::bigint, coalesce(b.seconds, 0), coalesce(b.left_over, 0)::bigint, coalesce(b.open, 0)
FROM pipeline_schema_history h LEFT JOIN (
    SELECT revision, sum(changed) AS changed, sum(seconds) AS seconds, sum(left_over) AS left_over,
           count(*) FILTER (WHERE finished_at IS NULL) AS open
    FROM pipeline_backfills GROUP BY revision
) b USING (revision) ORDER BY h.applied_at, h.revision
"""


@dataclass(frozen=True)
class AppliedRevision:
    """`held_ms`: its transaction's length, which no lock outlasted (None when it died before writing that down);
    `waited_ms`, `waiters`: the longest that another session was seen waiting for it, and how many were.
    Rows are what its backfills changed, `left_over` what met their condition again at the end."""

    id: str
    branch: str
    parents: tuple[str, ...]
    applied: float
    held_ms: float | None
    waited_ms: float
    waiters: int
    rows: int
    seconds: float
    left_over: int
    unfinished: int

    @property
    def rows_per_second(self) -> float:
        """Of its backfills; 0 when it has none."""
        return self.rows / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        held = "not measured" if self.held_ms is None else f"{self.held_ms:.0f} ms"
        line = f"{self.id}: locks held at most {held}, {self.waiters} sessions waited, longest {self.waited_ms:.0f} ms"
        if self.rows or self.unfinished:
            line += f", {self.rows} rows backfilled at {self.rows_per_second:.0f} rows/s"
        return line + (f", {self.unfinished} backfills unfinished" if self.unfinished else "")


def applied_revisions(access: Access) -> list[AppliedRevision]:
    """Oldest first; empty for a database that was never migrated by us."""
    with connected(access) as connection:
        if not _is_kept(connection):
            return []
        return [
            AppliedRevision(str(name), str(branch), tuple(parents), *numbers)
            for name, branch, parents, *numbers in connection.execute(_QUESTION).fetchall()
        ]


def note_waiting(access: Access, revision: str, waited_ms: float, waiters: int) -> None:
    """Write down how others fared while the revision was applied; harmless when it was not kept."""
    with connected(access) as connection:
        if _is_kept(connection):
            connection.execute(
                "UPDATE pipeline_schema_history SET waited_ms = %s, waiters = %s WHERE revision = %s",
                (waited_ms, waiters, revision),
            )


def _is_kept(connection: psycopg.Connection) -> bool:
    # Databases of an older pipeline lack the columns until their next migration.
    return has_row(
        connection,
        "SELECT FROM information_schema.columns WHERE table_name = 'pipeline_schema_history'"
        " AND table_schema = ANY (current_schemas(false)) AND column_name = 'waiters'",
    )
