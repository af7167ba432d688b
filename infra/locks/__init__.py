"""The lock of an environment: who may change what visitors meet, one at a time, with a name to ask.

A lock outlives its holder on purpose: whoever died left work that somebody must finish before the next one begins.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra import processes
from infra.errors import Rejected
from infra.orphans import start_ticks
from infra.processes import Daemon


@dataclass(frozen=True)
class Holder:
    """Who holds it: `name` is the id of a release (or of what else is done), `what` the verb, `why` for people.

    `host`, `pid` and `ticks` (its start, in clock ticks since boot) name the process, `machine` the kernel and the
    namespace in which that number means anything; `since` is when it took the lock, in seconds since the epoch.
    """

    name: str
    what: str
    app: str
    version: str
    why: str
    flow_run: str
    host: str
    pid: int
    ticks: int
    since: float
    machine: str = ""

    def __str__(self) -> str:
        when = time.strftime("%H:%M:%S", time.gmtime(self.since))
        return f"{self.what} of {self.app} {self.version} ({self.name}) since {when} UTC: {self.why}"


@dataclass(frozen=True)
class Lock:
    """One holding of the lock. `generation` grows with each: an old one can never be taken for a newer."""

    generation: int
    holder: Holder


class Busy(Rejected):
    """Somebody has it. `lock` says who."""

    def __init__(self, message: str, lock: Lock, hint: str = "") -> None:
        super().__init__(message, hint)
        self.lock = lock


class Locks(Protocol):
    """One lock, that of an environment."""

    def read(self) -> Lock | None:
        """Who has it now; None when it is free."""

    def acquire(self, holder: Holder) -> Lock:
        """Take it when it is free. Raises Busy also when its holder is dead: what that one left comes first."""

    def take_over(self, seen: Lock, holder: Holder) -> Lock:
        """Take it from a holder that was seen dead. Raises Busy when it lives, or when the lock changed hands."""

    def release(self, lock: Lock) -> bool:
        """Give it back; False when it is no longer ours. May be repeated."""

    def is_held_by_the_living(self, lock: Lock) -> bool:
        """Whether the holder may still act."""


def this_process(name: str, what: str, app: str, version: str, why: str, flow_run: str) -> Holder:
    """This very process as a holder, from now on."""
    pid = os.getpid()
    ticks = start_ticks(pid) or 0
    host = socket.gethostname()
    return Holder(name, what, app, version, why, flow_run, host, pid, ticks, time.time(), this_machine())


def this_machine() -> str:
    """The running kernel (its boot id, random(4)) and the namespace that process numbers are of (namespaces(7))."""
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"


def is_process_alive(holder: Holder) -> bool:
    """Whether that very process still runs on this machine."""
    return processes.is_alive(Daemon(holder.name, holder.pid, 0.0, "", holder.ticks))


def busy(lock: Lock, is_alive: bool) -> Busy:
    """What whoever wants a held lock is told."""
    if is_alive:
        return Busy(f"the environment is held by the {lock.holder}", lock, "wait for it, or abort it")
    return Busy(
        f"the environment is held by the {lock.holder}; its process {lock.holder.pid} is dead",
        lock,
        "the recovery takes it back by itself; at once: `pipeline recover`",
    )
