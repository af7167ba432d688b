"""What a primary says of itself: writable, followed by a standby, archiving its log."""

from __future__ import annotations

import psycopg
from psycopg.rows import class_row

from infra.database import DatabaseHealth
from infra.errors import Rejected

# A finished segment waits for the archiver as a `.ready` file: the age of the oldest is how long data has been
# without its copy. The segment being written adds at most archive_timeout to that.
# A standby that is away lags by all the log that its slot holds for it.
_QUESTION = """
SELECT
    NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS is_writable,
    current_setting('server_version') AS server_version,
    (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
    coalesce(standby.connected, false) AS standby_connected,
    coalesce(standby.lag, slot.lag, 0)::bigint AS standby_lag_bytes,
    coalesce(archiver.last_failed_time > coalesce(archiver.last_archived_time, '-infinity'), false) AS archive_failing,
    coalesce(archiver.last_archived_wal, '') AS last_archived_wal,
    coalesce(waiting.seconds, 0)::float8 AS unarchived_seconds
FROM pg_stat_archiver AS archiver
LEFT JOIN LATERAL (
    SELECT true AS connected, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) AS lag
    FROM pg_stat_replication WHERE application_name = 'standby'
    ORDER BY state = 'streaming' DESC LIMIT 1
) AS standby ON true
LEFT JOIN LATERAL (
    SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS lag
    FROM pg_replication_slots WHERE slot_name = 'standby'
) AS slot ON true
LEFT JOIN LATERAL (
    SELECT greatest(extract(epoch FROM clock_timestamp() - min(modification)), 0) AS seconds
    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'
) AS waiting ON true
"""


def read_vitals(connection: psycopg.Connection) -> DatabaseHealth:
    """The health of the primary behind `connection`, which needs the superuser's rights."""
    with connection.cursor(row_factory=class_row(DatabaseHealth)) as cursor:
        found = cursor.execute(_QUESTION).fetchone()
    if found is None:
        raise Rejected("the server gave no row of pg_stat_archiver", "is it Postgres 12 or newer?")
    return found
