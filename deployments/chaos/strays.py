"""Processes of this platform that belong to nobody: no service, no deployment, no release in flight owns them."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil

from infra import processes
from infra.environment import Environment
from infra.orphans import find_orphans

# A process that has done its work needs a moment to end.
_LEAVE_SECONDS = 15.0


def find_strays(environment: Environment, patience_seconds: float = _LEAVE_SECONDS) -> list[str]:
    """A line for each; those that go by themselves in time are none."""
    deadline = time.monotonic() + patience_seconds
    while found := _strays(environment):
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return [_line(pid) for pid in found]


def end_strays(environment: Environment) -> None:
    """SIGKILL for each of them: what a broken trial left must not reach into the next one."""
    for pid in _strays(environment):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _strays(environment: Environment) -> list[int]:
    owners = {os.getpid(), *_owners(environment)}
    ours = [process for process in psutil.process_iter() if _is_ours(process, str(environment.state))]
    lost = [process.pid for process in ours if not _has_owner(process, owners)]
    marked = {orphan.pid for orphan in find_orphans()}
    return sorted({*lost, *(process.pid for process in ours if process.pid in marked)})


def _owners(environment: Environment) -> list[int]:
    """The daemons on record, services and deployments alike, that are alive."""
    state = environment.state
    records = [*state.glob("run/*.json"), *state.glob("apps/*/deployments/*/process.json")]
    found = [processes.read(record) for record in records]
    return [daemon.pid for daemon in found if daemon and processes.is_alive(daemon)]


def _is_ours(process: psutil.Process, state: str) -> bool:
    """Whether it works in the state folder, names it, or was given it."""
    root = state.rpartition("/")[0]
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        named = any(root in word for word in process.cmdline())
        return named or process.environ().get("PIPELINE_STATE") == root or process.cwd().startswith(root)
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return False


def _has_owner(process: psutil.Process, owners: set[int]) -> bool:
    try:
        return process.pid in owners or any(parent.pid in owners for parent in process.parents())
    except psutil.NoSuchProcess:
        return True


def _line(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        return f"pid {pid}, child of {process.ppid()}: {' '.join(process.cmdline())[:160]}"
    except psutil.NoSuchProcess:
        return f"pid {pid}, which has gone since"
