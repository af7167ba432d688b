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
from infra.local.alone import alone
from infra.local.postgres import Primary
from infra.local.postgres_settings import postgres_folder
from infra.local.postgres_standby import Standby


@dataclass(frozen=True)
class Takeover:
    """`incoming` becomes `primary`, which becomes `kept`; names of folders beside each other."""

    incoming: str
    kept: str


def take_over(environment: Environment, what: Takeover, say: Say) -> float:
    """Do it, from writing it down to a standby that follows; for how many seconds nobody could write.

    `incoming` is of a cluster that is stopped, or the standby's. Raises Rejected when it is not there.
    """
    home = postgres_folder(environment)
    if not (home / what.incoming / "PG_VERSION").exists():
        raise Rejected(f"{home / what.incoming} holds no cluster that could take over", "restore again")
    write_atomically(_journal(environment), json.dumps(asdict(what)))
    return _carry_out(environment, what, say)


def finish_takeover(environment: Environment, say: Say) -> Takeover | None:
    """Complete what a killed run began; None when there is nothing to complete."""
    journal = _journal(environment)
    if not journal.exists():
        return None
    what = Takeover(**json.loads(journal.read_text()))
    say(f"completing what was begun: {what.incoming} takes the primary's place")
    _carry_out(environment, what, say)
    return what


def _carry_out(environment: Environment, what: Takeover, say: Say) -> float:
    primary, standby = Primary(environment), Standby(environment)
    with alone(environment.state / "platform.lock", "starting or stopping the platform"):
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
    for signal in ("standby.signal", "recovery.signal"):
        (incoming / signal).unlink(missing_ok=True)
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
