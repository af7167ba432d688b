"""What outlives a killed owner is found and ended; what has a living owner, or none, is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from infra import processes
from infra.commands import command, run
from infra.orphans import OWNER, end_orphans, find_orphans, is_owner_alive, owner_mark

# Starts a daemon, then waits for a command that forks a grandchild in a session of its own.
OWNER_SCRIPT = """
import sys
from pathlib import Path
from infra import processes
from infra.commands import command, run, shell
folder = Path(sys.argv[1])
processes.start("daemon", command("sleep", "300"), record=folder / "daemon.json", log=folder / "log")
run(shell(f"sleep 300 & echo $! > {folder}/child; setsid sleep 300 & echo $! > {folder}/stray; wait"))
"""


def pid_in(file: Path) -> int:
    """The number that somebody is about to write."""
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"{file} was not written"
        time.sleep(0.02)
    return int(file.read_text())


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_gone(pid: int) -> bool:
    """Whether it ends soon: a killed process takes a moment."""
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not runs(pid)


@contextmanager
def owner(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", OWNER_SCRIPT, str(folder)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for record in folder.glob("*.json"):
            processes.stop(processes.read(record), grace_seconds=1)
        end_orphans(print)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int], int]]:
    """The owner, what it must not leave behind, and its daemon."""
    with owner(tmp_path) as process:
        left = [pid_in(tmp_path / "child"), pid_in(tmp_path / "stray")]
        daemon = processes.read(tmp_path / "daemon.json")
        assert daemon is not None
        yield process, left, daemon.pid


def test_what_a_killed_owner_left_is_found_and_ended(
    started: tuple[subprocess.Popen[bytes], list[int], int],
) -> None:
    process, left, daemon = started
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = {orphan.pid: orphan for orphan in find_orphans()}
    # A guard of another platform on this machine may have been faster.
    assert all(pid in found or is_gone(pid) for pid in left)
    assert daemon not in found

    said: list[str] = []
    ended = {orphan.pid for orphan in end_orphans(said.append)}
    assert len(said) == len(ended)
    assert all(is_gone(pid) for pid in left)
    assert runs(daemon), "a daemon outlives whoever started it"
    assert not [orphan for orphan in find_orphans() if runs(orphan.pid) and orphan.pid in found]


def test_what_has_a_living_owner_is_left_alone(started: tuple[subprocess.Popen[bytes], list[int], int]) -> None:
    _, left, daemon = started
    ended = {orphan.pid for orphan in end_orphans(print)}
    assert not ended & {*left, daemon}
    assert all(runs(pid) for pid in [*left, daemon])


def test_an_owner_that_waits_for_its_parent_to_notice_its_death_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ticks = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    assert is_owner_alive(f"{child.pid}:{ticks}")
    assert not is_owner_alive(f"{child.pid}:{int(ticks) - 1}"), "the number was used again by another"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_owner_alive(f"{child.pid}:{ticks}")
    child.wait()
    assert not is_owner_alive(f"{child.pid}:{ticks}")


@pytest.mark.parametrize("name", ["", "somebody", "12", "x:y", "-1:5"])
def test_a_mark_that_names_no_process_is_not_judged(name: str) -> None:
    assert is_owner_alive(name)


def test_every_command_names_us_as_its_owner() -> None:
    said = run(command("sh", "-c", f"echo ${OWNER}")).output.strip()
    assert said == owner_mark()[OWNER]
    assert is_owner_alive(said)


def test_a_mark_that_we_inherited_is_replaced_for_commands_and_removed_for_daemons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OWNER, "1:1")
    assert run(command("sh", "-c", f"echo ${OWNER}")).output.strip() == owner_mark()[OWNER]
    marked = command("sh", "-c", f"echo owner=${OWNER}", variables={OWNER: "1:1"})
    daemon = processes.start("one", marked, record=tmp_path / "one.json", log=tmp_path / "log")
    assert is_gone(daemon.pid)
    assert (tmp_path / "log").read_text() == "owner=\n"
