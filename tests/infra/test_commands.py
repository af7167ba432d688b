"""Commands run bounded in time, with little of our environment, and fail as typed errors with their last words."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from infra.commands import Command, command, run, shell
from infra.errors import BadInput, CommandFailed, Unknown
from infra.redaction import remember_secrets


def test_words_stay_words_without_a_shell() -> None:
    assert run(command("printf", "%s|", "a b", "$HOME", "; ls")).output == "a b|$HOME|; ls|"


def test_both_streams_come_in_order_and_line_by_line() -> None:
    said: list[str] = []
    outcome = run(shell("echo one; echo two >&2; printf three"), say=said.append)
    assert (outcome.code, outcome.output) == (0, "one\ntwo\nthree")
    assert said == ["+ echo one; echo two >&2; printf three", "one", "two", "three"]


def test_a_line_is_said_while_the_command_still_runs() -> None:
    times: dict[str, float] = {}
    run(shell("echo early; sleep 0.5; echo late"), say=lambda line: times.setdefault(line, time.monotonic()))
    assert times["late"] - times["early"] > 0.3


def test_carriage_returns_and_broken_utf8_are_text() -> None:
    assert run(shell(r"printf '10%%\r20%%\r\n\377\303\251'")).output == "10%\n20%\n\ufffdé"


def test_a_code_outside_what_is_accepted_is_command_failed_with_its_last_words() -> None:
    with pytest.raises(CommandFailed, match=r"`echo broken; exit 3` exited 3: broken") as caught:
        run(shell("echo broken; exit 3"))
    assert (caught.value.code, caught.value.tail) == (3, "broken")
    assert run(shell("exit 3"), accept=(0, 3)).code == 3


def test_an_end_by_a_signal_is_command_failed() -> None:
    with pytest.raises(CommandFailed) as caught:
        run(shell("kill -9 $$"))
    assert caught.value.code == -9


def test_only_the_last_lines_are_in_the_message() -> None:
    with pytest.raises(CommandFailed) as caught:
        run(shell("seq 1000; exit 1"))
    assert caught.value.tail.splitlines() == [str(n) for n in range(961, 1001)]


@pytest.mark.parametrize("program", ["no-such-program", "/dev/null", "/"])
def test_a_program_that_cannot_start_is_bad_input(program: str) -> None:
    with pytest.raises(BadInput, match="cannot start"):
        run(command(program))


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        run(command("true", folder=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "line",
    [
        "echo started; sleep 60",
        "trap '' TERM; echo started; sleep 60",
        "echo started; sleep 60 & exit 0",  # its child holds the output open
        "exec 1>&- 2>&-; sleep 60",  # closes its output and goes on
        "echo started; while :; do echo busy; done",
    ],
)
def test_the_time_is_up_even_when_its_children_go_on(line: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unknown, match=r"did not end within 0\.5 s"):
        run(shell(line, timeout_seconds=0.5))
    assert time.monotonic() - begun < 20


def test_the_time_is_up_even_when_a_grandchild_left_the_group_and_holds_the_output(tmp_path: Path) -> None:
    begun = time.monotonic()
    try:
        with pytest.raises(Unknown):
            run(shell(f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 60' & exit 0", timeout_seconds=0.5))
        assert time.monotonic() - begun < 20
    finally:
        psutil.Process(int((tmp_path / "pid").read_text())).kill()


def test_the_whole_group_ends_with_it(tmp_path: Path) -> None:
    with pytest.raises(Unknown):
        run(shell(f"sleep 60 & echo $! > {tmp_path}/pid; wait", timeout_seconds=0.5))
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"process {child} outlived the command that started it"
        time.sleep(0.02)


def test_an_error_in_the_listener_ends_the_command(tmp_path: Path) -> None:
    def fail(line: str) -> None:
        if line == "go":
            raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        run(shell(f"echo $$ > {tmp_path}/pid; echo go; sleep 60"), say=fail)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_our_tokens_stay_with_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SECRET_TOKEN", "x")
    output = run(command("env", variables={"PORT": "1"})).output
    assert "PIPELINE_SECRET_TOKEN" not in output
    assert "PORT=1" in output.splitlines()
    assert f"PATH={os.environ['PATH']}" in output.splitlines()


def test_secrets_are_blank_in_what_is_said_and_in_the_error() -> None:
    remember_secrets(["s3cr3t-value-of-commands"])
    said: list[str] = []
    with pytest.raises(CommandFailed) as caught:
        run(shell("echo got s3cr3t-value-of-commands; exit 1"), say=said.append)
    assert said == ["+ echo got ***; exit 1", "got ***"]
    assert "s3cr3t" not in str(caught.value)


def test_a_command_prints_as_it_could_be_typed() -> None:
    assert str(command("git", "commit", "-m", "two words")) == "git commit -m 'two words'"
    assert str(shell("npm test && echo ok")) == "npm test && echo ok"
    assert str(Command(("psql", "postgres://me:hunter2hunter2@db/app"))) == "psql postgres://me:***@db/app"


def test_a_command_goes_after_what_is_live() -> None:
    outcome = run(command("sh", "-c", "sleep 0.1; nice; cat /proc/self/autogroup 2>/dev/null || echo nice 10"))

    assert outcome.output.split()[0] == "10"
    assert outcome.output.split()[-1] == "10"
