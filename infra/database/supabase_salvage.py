"""Brings an app's schemas in a Supabase project back to a dump, and forward with the rows that people wrote since.

The dump is restored here and the held log replayed onto it; the result replaces the project's schemas in one
transaction, while nobody else may write. What was there is dumped first, and listed as a backup.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup
from infra.database.connection import Access, connected
from infra.database.dump_restore import restored_beside
from infra.database.dumps import dump, dump_plain, read_contents, scratch_file
from infra.database.in_place import replace_schemas
from infra.database.salvage import salvage
from infra.database.slots import Slot, drop_slot, slot_name
from infra.database.supabase_access import supabase_settings
from infra.environment import Environment
from infra.local.postgres_app_restore import AppRestored

# A superuser's sessions (Supabase's own) are not ours to end, and they write nothing of the app's.
_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity JOIN pg_roles ON rolname = usename
WHERE datname = %s AND NOT rolsuper AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def bring_back(
    environment: Environment, archive: Archive, access: Access, backup: Backup, slot: str, file: Path, say: Say
) -> AppRestored:
    """Killed at any moment, it is run again and comes to the same end: the exchange's own rows are left out of it,
    as they share a transaction with the schema's tables.
    """
    started = time.monotonic()
    settings, app = supabase_settings(environment), environment.app.name
    folder = environment.state / "dumps"
    kept = dump(archive, access, app, settings.backup_schemas, "damaged", folder, say)
    held = Slot(slot_name(slot), access, seen=read_contents(archive, backup).seen)
    with (
        restored_beside(environment, archive, backup, app, say) as beside,
        scratch_file(folder) as copy,
        closed_to_others(access) as closed,
    ):
        found = salvage(held, beside.access.url, file)
        dump_plain(beside.access, settings.app_schemas, copy, say)
        replace_schemas(access, copy, settings.app_schemas, say)
        seconds = time.monotonic() - closed
    drop_slot(access, slot)
    say(f"{found.replayed} rows came along, {found.listed} are listed in {file}; what was there is dump {kept.id}")
    return AppRestored(f"dump {kept.id}", found, time.monotonic() - started, seconds)


@contextmanager
def closed_to_others(access: Access) -> Iterator[float]:
    """New sessions of everybody may only read; ours say otherwise. Yields when that began, and opens again."""
    _write_by_default(access, False)
    try:
        yield time.monotonic()
    finally:
        _write_by_default(access, True)


def _write_by_default(access: Access, yes: bool) -> None:
    name = sql.Identifier(access.database)
    with connected(access) as connection:
        connection.execute("SET default_transaction_read_only = off")
        if yes:
            connection.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
        else:
            connection.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        connection.execute(_OTHERS, [access.database])
