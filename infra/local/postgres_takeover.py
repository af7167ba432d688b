"""Puts another data folder in the primary's place and keeps the old one aside; a killed run is completed by the next.

What is to be done is written down before the first step, and each step asks first whether it was done.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.commands import Say
from infra.environment import Environment
from infra.errors import Rejected
from infra.files import write_atomically
from infra.local.postgres import Primary
from infra.local.postgres_settings import postgres_folder
from infra.local.postgres_standby import Standby


@dataclass(frozen=True)
class Takeover:
    """`incoming` becomes `primary`, which becomes `kept`; names of folders beside each other."""

    incoming: str
    kept: str


def take_over(environment: Environment, what: Takeover, say: Say) -> float:
    """Do it, from writing it down to a standby that follows; after how many seconds one could write again.

    `incoming` has left recovery: it is a restored cluster that was stopped, or the standby after its promotion.
    The caller holds the platform's lock. Raises Rejected when it is no such cluster.
    """
    folder = postgres_folder(environment) / what.incoming
    if not (folder / "PG_VERSION").exists():
        raise Rejected(f"{folder} holds no cluster that could take over", "restore again")
    for signal in ("standby.signal", "recovery.signal"):
        if (folder / signal).exists():
            raise Rejected(f"{folder} never left recovery: it would write the old primary's history again")
    write_atomically(_journal(environment), json.dumps(asdict(what)))
    return _carry_out(environment, what, say)


def finish_takeover(environment: Environment, say: Say) -> Takeover | None:
    """Complete what a killed run began; None when there is nothing. The caller holds the platform's lock."""
    journal = _journal(environment)
    if not journal.exists():
        return None
    what = Takeover(**json.loads(journal.read_text()))
    say(f"completing what was begun: {what.incoming} takes the primary's place")
    _carry_out(environment, what, say)
    return what


def _carry_out(environment: Environment, what: Takeover, say: Say) -> float:
    primary, standby = Primary(environment), Standby(environment)
    started = time.monotonic()
    standby.down(say)
    primary.down(say)
    _exchange(postgres_folder(environment), what, say)
    primary.up(say)
    closed = time.monotonic() - started
    standby.up(say)
    _journal(environment).unlink()
    return closed


def _exchange(home: Path, what: Takeover, say: Say) -> None:
    """Two renames; the one that was done before is not done again."""
    incoming, primary, kept = home / what.incoming, home / "primary", home / what.kept
    if not incoming.exists():
        return
    if primary.exists():
        primary.rename(kept)
        say(f"the old primary is kept in {kept}")
    incoming.rename(primary)
    _flush(home)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _journal(environment: Environment) -> Path:
    return postgres_folder(environment) / "takeover.json"
