"""Finds and ends external commands that outlived the process that started them, however that one died.

Each command is given its owner in its environment, which all that it starts inherits: what still names a dead owner
is nobody's. A process is known by its number and its start, in ticks since boot (proc(5), field 22 of stat).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.redaction import redact

Say = Callable[[str], None]
OWNER = "PIPELINE_OWNER"


@dataclass(frozen=True)
class Orphan:
    """A process whose owner, `<pid>:<ticks>`, is dead. `ticks` is its own start; `command` is for people, redacted."""

    pid: int
    ticks: int
    owner: str
    command: str


def owner_mark() -> dict[str, str]:
    """The variable that names this process as the owner of what it starts."""
    pid = os.getpid()
    return {OWNER: f"{pid}:{start_ticks(pid) or 0}"}


def is_owner_alive(owner: str) -> bool:
    """Whether the very process that `owner` names still runs. What does not name one is not judged: True."""
    pid, _, ticks = owner.partition(":")
    if not (pid.isdigit() and ticks.isdigit()):
        return True
    return start_ticks(int(pid)) == int(ticks)


def find_orphans() -> list[Orphan]:
    """Every process of this user, except this one, whose owner is dead."""
    return list(_orphans())


def end_orphans(say: Say) -> list[Orphan]:
    """SIGKILL for each of them; those that were ended. One that starts others meanwhile is followed, ten times."""
    ended: list[Orphan] = []
    for _ in range(10):
        found = [orphan for orphan in find_orphans() if orphan not in ended]
        if not found:
            break
        for orphan in found:
            if _kill(orphan):
                say(f"ended {orphan.command!r} (pid {orphan.pid}): its owner {orphan.owner} is dead")
            ended.append(orphan)
    return ended


def _orphans() -> Iterator[Orphan]:
    for pid in psutil.pids():
        owner = "" if pid == os.getpid() else _owner(pid)
        if owner and not is_owner_alive(owner) and (ticks := start_ticks(pid)) is not None:
            yield Orphan(pid, ticks, owner, _command(pid))


def _owner(pid: int) -> str:
    """Whom a process of ours names; empty for a stranger's, for one that names nobody, and for one that has gone."""
    try:
        with Path(f"/proc/{pid}/environ").open("rb") as file:
            words = b"\0" + file.read()
            is_ours = os.fstat(file.fileno()).st_uid == os.geteuid()
    except OSError:
        return ""
    _, _, rest = words.partition(f"\0{OWNER}=".encode())
    return rest.partition(b"\0")[0].decode(errors="replace") if is_ours else ""


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return ""
    return redact(words.decode(errors="replace").strip())[:200]


def start_ticks(pid: int) -> int | None:
    """When it started; None when it has gone, or is dead and only waits for its parent to notice."""
    try:
        # The name stands in parentheses and may hold anything: what follows the last of them is fields 3 and on.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _kill(orphan: Orphan) -> bool:
    """By a handle on the process, taken before it is looked at again: its number cannot pass to a stranger."""
    try:
        handle = os.pidfd_open(orphan.pid)
    except ProcessLookupError:
        return False
    try:
        if start_ticks(orphan.pid) != orphan.ticks:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
