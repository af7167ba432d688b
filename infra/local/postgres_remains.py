"""What a killed Postgres leaves behind: orphaned backends that hold its shared memory, and a stale lock file."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from infra.errors import PipelineError
from infra.processes import Daemon

_ORPHANS_LEAVE_SECONDS = 5.0
_KILLED_LEAVE_SECONDS = 10.0


def workers_of(folder: Path) -> list[psutil.Process]:
    """Every live Postgres process of a data folder: each of them works with that folder as its current one."""
    return [process for process in psutil.process_iter() if _works_in(process, folder)]


def postmaster_of(name: str, folder: Path, log: Path) -> Daemon | None:
    """The live postmaster of a data folder, also when our own record of it was lost."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        return Daemon(name, pid, process.create_time(), str(log)) if _works_in(process, folder) else None
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def clear(folder: Path) -> None:
    """Wait until the orphans of a dead postmaster are gone, end those that linger, and remove its lock file.

    Postgres itself removes the lock file only when the pid in it is free, and a zombie's or a stranger's is not.
    Raises PipelineError when a process survives SIGKILL.
    """
    if not _empty_within(folder, _ORPHANS_LEAVE_SECONDS):
        for process in workers_of(folder):
            process.kill()
        if not _empty_within(folder, _KILLED_LEAVE_SECONDS):
            pids = [process.pid for process in workers_of(folder)]
            raise PipelineError(f"Postgres processes {pids} of {folder} survive SIGKILL", "look at them with ps")
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _empty_within(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while workers_of(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()).samefile(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return False
