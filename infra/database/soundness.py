"""Questions to a restored cluster: are its tables and indexes sound, and does what must always hold still hold?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from infra.commands import Say, command, run
from infra.database.connection import Access
from infra.errors import CommandFailed, Rejected
from infra.local.postgres_binaries import postgres_command
from infra.schema.invariants import broken_invariants

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
    """How many hold. Each is a SELECT that finds what is wrong; Rejected names the one that finds something."""
    held = 0
    for app in apps:
        found = broken_invariants(replace(access, database=app), invariants.get(app, ()))
        for question, count in found.items():
            if count > 0:
                raise Rejected(f"in the restored {app}, {count} rows are wrong: {question}", "use another backup")
        held += sum(1 for count in found.values() if count == 0)  # one about a table yet to come is no answer
    return held
