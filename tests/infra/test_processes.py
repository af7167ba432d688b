"""Local processes are found again by pid and start time, and ended by pid only."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.commands import command, shell
from infra.errors import BadInput
from infra.processes import Daemon, is_alive, last_words, read, start, stop
from infra.redaction import remember_secrets

Starter = Callable[[str], Daemon]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Starter]:
    daemons: list[Daemon] = []

    def begin(line: str) -> Daemon:
        daemons.append(start("app", shell(line), record=tmp_path / "app.json", log=tmp_path / "logs" / "app.log"))
        return daemons[-1]

    yield begin
    for daemon in daemons:
        stop(daemon, grace_seconds=0)


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline, "it did not come about within 20 s"
        time.sleep(0.02)


def test_a_daemon_is_recorded_and_recognised_again(started: Starter, tmp_path: Path) -> None:
    daemon = started("exec sleep 60")
    assert read(tmp_path / "app.json") == daemon
    assert is_alive(daemon)
    assert stop(daemon, grace_seconds=10)
    assert not is_alive(daemon)


def test_stopping_twice_is_harmless(started: Starter) -> None:
    daemon = started("exec sleep 60")
    assert stop(daemon, grace_seconds=10) is True
    assert stop(daemon, grace_seconds=10) is False
    assert stop(None, grace_seconds=10) is False


def test_a_process_that_does_not_listen_is_killed_after_its_grace(started: Starter, tmp_path: Path) -> None:
    daemon = started("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    wait_for(lambda: "ready" in last_words(tmp_path / "logs" / "app.log"))
    assert stop(daemon, grace_seconds=0.2)
    assert not is_alive(daemon)


def test_another_signal_can_be_asked_for_and_is_heard(started: Starter, tmp_path: Path) -> None:
    daemon = started("trap 'echo interrupted; exit 0' INT; echo ready; while :; do sleep 0.05; done")
    wait_for(lambda: "ready" in last_words(tmp_path / "logs" / "app.log"))
    stop(daemon, grace_seconds=10, how=signal.SIGINT)
    assert "interrupted" in last_words(tmp_path / "logs" / "app.log")


@pytest.mark.parametrize("ticks", [1, 0], ids=["by its ticks", "by the clock, from an older record"])
def test_a_stranger_with_the_same_pid_is_not_alive_and_not_ended(started: Starter, ticks: int) -> None:
    daemon = started("exec sleep 60")
    stranger = dataclasses.replace(daemon, started=daemon.started - 3600, ticks=ticks)
    assert not is_alive(stranger)
    assert stop(stranger, grace_seconds=0) is False
    assert is_alive(daemon)


def test_a_process_that_ended_by_itself_is_not_alive(started: Starter) -> None:
    daemon = started("exit 0")
    wait_for(lambda: not is_alive(daemon))


def test_a_zombie_is_not_alive() -> None:
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 0"], {})
    try:
        wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        assert not is_alive(Daemon("app", pid, psutil.Process(pid).create_time(), ""))
    finally:
        os.waitpid(pid, 0)


@pytest.mark.parametrize("text", ["", '{"name": "app"', "{}", "[]", "null", '{"name": "app", "colour": 1}'])
def test_a_record_that_was_cut_short_is_no_daemon(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.json").write_text(text)
    assert read(tmp_path / "app.json") is None
    assert read(tmp_path / "none.json") is None


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no-such-program"):
        start("app", command("no-such-program"), record=tmp_path / "r", log=tmp_path / "l")
    assert not (tmp_path / "r").exists()


def test_the_log_is_appended_to_and_its_end_is_given_without_secrets(started: Starter, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "app.log"
    remember_secrets(["secret-of-processes"])
    for round_ in (1, 2):
        daemon = started("seq 5000; echo secret-of-processes; exec sleep 60")
        wait_for(lambda n=round_: log.exists() and log.read_text().count("secret-of-processes") == n)
        stop(daemon, grace_seconds=10)
    assert last_words(log, 2) == "5000\n***"
    assert log.read_text().count("secret-of-processes") == 2
    assert last_words(tmp_path / "none.log") == ""
