"""A dump as a database again, beside: in an empty cluster of this machine, with what the dump itself does not hold."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql

from infra.commands import Say
from infra.database.archive import Archive
from infra.database.catalog import Backup
from infra.database.connection import Access, connected, ensure_database, has_row
from infra.database.dumps import Contents, fetch_dump, read_contents, restore_dump, scratch_file
from infra.environment import Environment
from infra.errors import CommandFailed, Rejected
from infra.local.postgres_empty import empty_cluster


@dataclass(frozen=True)
class Beside:
    """`access` is the superuser's to the restored database. Seconds: to fetch and open it, and to restore it."""

    access: Access
    contents: Contents
    fetch_seconds: float
    restore_seconds: float


@contextmanager
def restored_beside(environment: Environment, archive: Archive, backup: Backup, app: str, say: Say) -> Iterator[Beside]:
    """The dump of `app` in a database of that name, gone afterwards.

    Raises Rejected when a piece is missing or damaged, or Postgres does not take what it holds.
    """
    contents = read_contents(archive, backup)
    with empty_cluster(environment, say) as cluster, scratch_file(environment.state / "dumps") as file:
        started = time.monotonic()
        fetch_dump(archive, backup, file)
        fetched = time.monotonic()
        access = replace(cluster.access, database=app)
        with connected(cluster.access) as connection:
            ensure_database(connection, app, cluster.access.user)
        prepare(access, contents, say)
        _restore(access, backup, file, say)
        yield Beside(access, contents, fetched - started, time.monotonic() - fetched)


def prepare(access: Access, contents: Contents, say: Say) -> None:
    """Make the roles that rights are given to, the schemas, and the extensions.

    For an extension that this server lacks, functions of the same names stand: tables that only call them for new
    rows come back, and whatever calls one now fails loudly.
    """
    with connected(access) as connection:
        for role in contents.roles:
            if not has_row(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        for schema in contents.schemas:
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        for schema in {*contents.schemas, *(schema for _, schema, _ in contents.extensions)}:
            if not has_row(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema):
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        for name, schema, functions in contents.extensions:
            if has_row(connection, "SELECT 1 FROM pg_available_extensions WHERE name = %s", name):
                make = sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {} CASCADE")
                connection.execute(make.format(sql.Identifier(name), sql.Identifier(schema)))
            else:
                say(f"extension {name} is not installed here; {_stand_ins(connection, functions)}")


def _stand_ins(connection: psycopg.Connection, functions: Sequence[str]) -> str:
    made = 0
    for signature in functions:
        body = "BEGIN RAISE EXCEPTION 'stands for a function of an extension that is not installed'; END"
        try:
            connection.execute(sql.SQL(f"CREATE FUNCTION {signature} LANGUAGE plpgsql AS {{}}").format(body))
            # What belongs to an extension is in no dump, so a stand-in goes nowhere from here.
            name = signature.rpartition(" RETURNS ")[0]
            connection.execute(sql.SQL(f"ALTER EXTENSION plpgsql ADD FUNCTION {name}"))
            made += 1
        except psycopg.Error:  # about a type of its own: what needs that fails by name when it is restored
            continue
    return f"{made} of its {len(functions)} functions have stand-ins"


def _restore(access: Access, backup: Backup, file: Path, say: Say) -> None:
    try:
        restore_dump(access, file, say)
    except CommandFailed as error:
        raise Rejected(f"backup {backup.id} cannot be restored: {error.tail.strip()}", "use another backup") from error
