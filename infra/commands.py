"""Runs external commands. A command is data; `run` prints it, redacts it, bounds its time and types its failure."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import selectors
import shlex
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import BadInput, CommandFailed, Unknown
from infra.orphans import owner_mark
from infra.redaction import redact

Say = Callable[[str], None]
TAIL_LINES = 40
NICENESS = 10
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
    try:
        output, ended = _read(process, say, started + what.timeout_seconds)
        code = process.wait(max(0.0, started + what.timeout_seconds - time.monotonic())) if ended else None
    except subprocess.TimeoutExpired:
        code = None
    except BaseException:
        _end_group(process)
        raise
    if code is None:
        _end_group(process)
        raise Unknown(
            f"`{what}` did not end within {what.timeout_seconds:g} s and was ended; last words: {_tail(output)}",
            "raise its timeout, or find out what it waits for",
        )
    if code not in accept:
        raise CommandFailed(str(what), code, _tail(output))
    return Outcome(code, output, time.monotonic() - started)


def _start(what: Command) -> subprocess.Popen[bytes]:
    process = _spawn(what)
    _go_last(process.pid)
    return process


def _go_last(pid: int) -> None:
    """Tests, scans and builds run beside what is live on the same machine: the live version goes first.

    Linux shares the processors among sessions before it looks at niceness, and each command is a session of its
    own: with autogroups on, the session's niceness is the one that counts (sched(7)). Where either cannot be
    set, the command only runs with more weight than it should.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS))


def _spawn(what: Command) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            what.arguments,
            cwd=what.folder,
            # Whoever kills us cannot make us end it: the mark lets others find it.
            env=what.environment() | owner_mark(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise BadInput(
            "command",
            f"`{what}` cannot start: {error.strerror}: {error.filename}",
            "install it or mend its path",
        ) from error


def _read(process: subprocess.Popen[bytes], say: Say | None, deadline: float) -> tuple[str, bool]:
    """What it prints until it closes its output or the time is up; the second says whether it closed it.

    Never waits longer: a child of the child may hold the output open long after its parent has ended."""
    assert process.stdout is not None
    kept: deque[str] = deque(maxlen=100_000)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    partial = ""
    with process.stdout as stream, selectors.DefaultSelector() as waiting:
        waiting.register(stream, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and waiting.select(left):
            data = os.read(stream.fileno(), 65_536)
            *lines, partial = (partial + decoder.decode(data, final=not data)).split("\n")
            _keep([f"{line}\n" for line in lines], kept, say)
            if not data:
                _keep([partial] if partial else [], kept, say)
                return "".join(kept), True
    return "".join([*kept, partial]), False


def _keep(lines: list[str], kept: deque[str], say: Say | None) -> None:
    for line in lines:
        kept.append(line)
        if say:
            say(redact(line.rstrip()))


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """The whole group, also when its leader has ended before the others."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(output: str) -> str:
    return redact("\n".join(output.splitlines()[-TAIL_LINES:]))
