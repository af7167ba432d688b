"""Runs external commands. A command is data; `run` prints it, redacts it, bounds its time and types its failure."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import BadInput, CommandFailed, Unknown
from infra.redaction import redact

Say = Callable[[str], None]
TAIL_LINES = 40
# What a child needs from our environment; everything else (tokens, our own settings) stays with us.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "LOGNAME", "SSL_CERT_FILE", "PIP_CERT")


@dataclass(frozen=True)
class Command:
    """An argument list, or one line for the shell, with where and with what it runs."""

    arguments: tuple[str, ...]
    folder: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 600

    def __str__(self) -> str:
        if self.arguments[:2] == ("sh", "-c"):
            return redact(self.arguments[2])
        return redact(shlex.join(self.arguments))

    def environment(self) -> dict[str, str]:
        """The child's whole environment: the few inherited names plus `variables`."""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return kept | dict(self.variables)


@dataclass(frozen=True)
class Outcome:
    """What a finished command said. `output` is both streams, in order."""

    code: int
    output: str
    seconds: float


def command(*arguments: str | Path, **settings: object) -> Command:
    """`command("git", "fetch", folder=path)`: the words as they are, no shell."""
    return Command(tuple(str(word) for word in arguments), **settings)  # type: ignore[arg-type] # passed on


def shell(line: str, **settings: object) -> Command:
    """One line for `sh -c`: only for commands that a manifest gives as such."""
    return Command(("sh", "-c", line), **settings)  # type: ignore[arg-type] # passed on


def run(what: Command, *, say: Say | None = None, accept: Sequence[int] = (0,)) -> Outcome:
    """Run to the end, each line going to `say` as it comes.

    Raises BadInput when the program does not exist, Unknown when the time is up (the whole process
    group is ended), CommandFailed on an exit code outside `accept`.
    """
    if say:
        say(f"+ {what}")
    started = time.monotonic()
    process = _start(what)
    timed_out = threading.Event()
    timer = threading.Timer(what.timeout_seconds, _end_group, (process, timed_out))
    timer.start()
    try:
        output = _read(process, say)
        code = process.wait()
    except BaseException:
        _end_group(process, threading.Event())
        raise
    finally:
        timer.cancel()
    if timed_out.is_set():
        raise Unknown(
            f"`{what}` did not end within {what.timeout_seconds:g} s and was ended; last words: {_tail(output)}",
            "raise its timeout, or find out what it waits for",
        )
    if code not in accept:
        raise CommandFailed(str(what), code, _tail(output))
    return Outcome(code, output, time.monotonic() - started)


def _start(what: Command) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            what.arguments,
            cwd=what.folder,
            env=what.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise BadInput(
            "command",
            f"`{what}` cannot start: {error.strerror}: {error.filename}",
            "install it or mend its path",
        ) from error


def _read(process: subprocess.Popen[str], say: Say | None) -> str:
    assert process.stdout is not None
    kept: deque[str] = deque(maxlen=100_000)
    with process.stdout:
        for line in process.stdout:
            kept.append(line)
            if say:
                say(redact(line.rstrip()))
    return "".join(kept)


def _end_group(process: subprocess.Popen[str], timed_out: threading.Event) -> None:
    timed_out.set()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _tail(output: str) -> str:
    return redact("\n".join(output.splitlines()[-TAIL_LINES:]))
