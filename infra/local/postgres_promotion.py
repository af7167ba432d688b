"""Promotes the standby: planned while the primary lives, or because it is dead; says exactly what was lost."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from infra.commands import Say, command, run
from infra.database.connection import Access, connected, one
from infra.environment import Environment
from infra.errors import Rejected
from infra.local.postgres import Primary
from infra.local.postgres_binaries import postgres_command
from infra.local.postgres_settings import postgres_folder
from infra.local.postgres_standby import Standby
from infra.local.postgres_takeover import Takeover, take_over

_PROMOTE_SECONDS = 60
_COMMIT = re.compile(r"rmgr: Transaction .*desc: (?:COMMIT|COMMIT_PREPARED) ")


@dataclass(frozen=True)
class Promotion:
    """`lost_commits`: transactions that the old primary wrote down and the new one never got; None: its log is gone.

    With `synchronous_standby_names` set, none of them was acknowledged. `closed_seconds`: nobody could write so long.
    """

    lost_commits: int | None
    received_lsn: str
    kept: str
    closed_seconds: float


def promote(environment: Environment, say: Say) -> Promotion:
    """The caller holds the platform's lock. Raises Rejected when there is no standby that could take over.

    A living primary is stopped first: it then sends all that it has, and no client can write to both.
    """
    standby = Standby(environment).cluster
    _check_can_promote(standby.access)
    started = time.monotonic()
    Primary(environment).down(say)
    received = _promote(standby.access)
    say(f"the standby has the log up to {received}, and is the primary from now on")
    lost = _lost_commits(environment, received)
    kept = f"primary.failed-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    before = time.monotonic() - started
    closed = before + take_over(environment, Takeover("standby", kept), say)
    return Promotion(lost, received, kept, closed)


def _check_can_promote(standby: Access) -> None:
    with connected(standby) as connection:
        one(connection, "SELECT pg_is_in_recovery()")


def _promote(standby: Access) -> str:
    """The position up to which it has the log. One that was promoted by a killed run is taken as it is."""
    with connected(standby) as connection:
        if one(connection, "SELECT pg_is_in_recovery()")[0] is False:
            return str(one(connection, "SELECT pg_current_wal_lsn()::text")[0])
        (received,) = one(connection, "SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text")
        if one(connection, "SELECT pg_promote(true, %s)", _PROMOTE_SECONDS)[0] is not True:
            raise Rejected(f"the standby did not become the primary within {_PROMOTE_SECONDS} s", "see its log")
    return str(received)


def _lost_commits(environment: Environment, received: str) -> int | None:
    """Commits in the old primary's own log after what the standby had. pg_waldump ends badly at the log's end."""
    log = postgres_folder(environment) / "primary" / "pg_wal"
    if not log.is_dir():
        return None
    words = postgres_command("pg_waldump", "--path", log, "--start", received, "--rmgr", "Transaction")
    printed = run(command(*words, timeout_seconds=600), accept=(0, 1)).output
    if "could not find a valid record" in printed or "could not find file" in printed:
        return 0
    return sum(1 for line in printed.splitlines() if _COMMIT.search(line))
