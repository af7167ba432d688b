"""Questions to a restored cluster: are its tables and indexes sound, and does what must always hold still hold?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from psycopg import sql

from infra.commands import Say, command, run
from infra.database.connection import Access, connected
from infra.errors import CommandFailed, Rejected
from infra.local.postgres_binaries import postgres_command

_LONGEST_SECONDS = 4 * 3600.0


def check_sound(access: Access, say: Say) -> None:
    """pg_amcheck over every database: each table row, each B-tree, and that each row is in its indexes.

    Raises Rejected with what it found. Makes the extension `amcheck` where it is missing: for clusters that go.
    """
    options = ("--all", "--heapallindexed", "--install-missing=pg_catalog", "--jobs=2", "--no-password")
    where = (f"--host={access.host}", f"--port={access.port}", f"--username={access.user}")
    words = postgres_command("pg_amcheck", *options, *where)
    try:
        run(command(*words, variables={"PGPASSWORD": access.password}, timeout_seconds=_LONGEST_SECONDS), say=say)
    except CommandFailed as error:
        raise Rejected(f"the restored tables or indexes are not sound: {error.tail.strip()}", "use another") from error


def check_invariants(access: Access, invariants: Mapping[str, Sequence[str]], apps: Sequence[str]) -> int:
    """How many hold. Each is an SQL question that answers with one true; Rejected names the one that does not."""
    asked = [(app, question) for app in apps for question in invariants.get(app, ())]
    for app, question in asked:
        answer = _answer(replace(access, database=app), question)
        if answer is not True:
            raise Rejected(
                f"in the restored {app}, this does not hold: {question} gives {answer}", "use another backup"
            )
    return len(asked)


def _answer(access: Access, question: str) -> object:
    with connected(access) as connection:
        connection.execute("SET default_transaction_read_only = on")
        row = connection.execute(sql.SQL(question)).fetchone()
    return row[0] if row else None
