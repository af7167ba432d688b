"""Long-lived local processes: start detached, recognise again after anybody's death, end by pid and never by name.

A process is recognised by its pid *and* its start time, so that a pid used again by a stranger is never ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from infra.commands import Command
from infra.errors import BadInput, PipelineError
from infra.files import write_atomically
from infra.orphans import OWNER, start_ticks
from infra.redaction import redact


@dataclass(frozen=True)
class Daemon:
    """A started process as written in its record file. `started` is its start time since the epoch, in seconds.

    `ticks` is the same since boot, which no change of the clock moves; 0 where it is not known.
    """

    name: str
    pid: int
    started: float
    log: str
    ticks: int = 0


def start(name: str, what: Command, *, record: Path, log: Path, pass_fds: Sequence[int] = ()) -> Daemon:
    """Start `what` detached in its own process group, output appended to `log`, and write its `record`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                what.arguments,
                cwd=what.folder,
                # A daemon outlives whoever starts it: it has no owner.
                env={name: value for name, value in what.environment().items() if name != OWNER},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(pass_fds),
                # A parent without job control leaves SIGINT ignored, and Prefect's worker stops on SIGINT only.
                preexec_fn=_hear_interrupts,
            )
    except FileNotFoundError as error:
        raise BadInput("command", f"`{what}` cannot start: {error.filename} is missing", "run `make setup`") from error
    daemon = Daemon(name, process.pid, _start_time(process.pid), str(log), start_ticks(process.pid) or 0)
    write_atomically(record, json.dumps(asdict(daemon)))
    return daemon


def read(record: Path) -> Daemon | None:
    """The daemon of a record file; None when there is none or it was cut short by a crash."""
    try:
        return Daemon(**json.loads(record.read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def is_alive(daemon: Daemon | None) -> bool:
    """Whether this very process still runs (a zombie does not)."""
    if daemon is None:
        return False
    if daemon.ticks:
        return start_ticks(daemon.pid) == daemon.ticks
    try:
        process = psutil.Process(daemon.pid)
        same = abs(process.create_time() - daemon.started) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(daemon: Daemon | None, *, grace_seconds: float, how: signal.Signals = signal.SIGTERM) -> bool:
    """Ask the process to end, wait `grace_seconds`, then kill what is left of its group. True when it was running."""
    if daemon is None or not is_alive(daemon):
        return False
    os.kill(daemon.pid, how)
    gone = _gone_within(daemon, grace_seconds)
    # Also when the leader is gone: a shell that died first must not leave its children serving.
    is_group_gone = _kill_group(daemon.pid)
    if not (gone or _gone_within(daemon, 10)) or not is_group_gone:
        raise PipelineError(f"{daemon.name} (pid {daemon.pid}) survived SIGKILL for 10 s", "look at it with ps")
    return True


def end_remains(daemon: Daemon | None) -> None:
    """Kill what a dead leader left of its group: children that go on serving where the next one has to.

    The number of a group that still has members is given to nobody; when it names a living process, the group is gone.
    """
    if daemon is None or is_alive(daemon):
        return
    _reap(daemon.pid)
    if not _is_strangers(daemon) and not _kill_group(daemon.pid):
        raise PipelineError(f"children of {daemon.name} (pid {daemon.pid}) survived SIGKILL for 10 s", "see ps")


def last_words(log: Path, lines: int = 15) -> str:
    """The end of a log file, redacted; empty when there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 20_000))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return redact("\n".join(text.splitlines()[-lines:]))


def _gone_within(daemon: Daemon, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(daemon):
        _reap(daemon.pid)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    _reap(daemon.pid)
    return True


def _kill_group(leader: int) -> bool:
    """Kill the process group until nobody is left in it but the dead; False when that takes over 10 s."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
        _reap(leader)
        if not any(_group_of(process) == leader for process in psutil.process_iter(["status"])):
            return True
        time.sleep(0.02)
    return False


def _group_of(process: psutil.Process) -> int:
    """Its group; 0 for one that is dead or a zombie."""
    try:
        return 0 if process.info["status"] == psutil.STATUS_ZOMBIE else os.getpgid(process.pid)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return 0


def _is_strangers(daemon: Daemon) -> bool:
    """Whether its number is somebody else's by now. A zombie of its own is not."""
    try:
        return abs(psutil.Process(daemon.pid).create_time() - daemon.started) >= 1.0
    except psutil.NoSuchProcess:
        return False


def _reap(pid: int) -> None:
    """Collect our own dead child; somebody else's child is for its parent to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _start_time(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
