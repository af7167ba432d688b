"""Types commands into bash as a reader of a page would, and tells what they printed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pages import Line

LONGEST_SECONDS = 1500
UNTIL_SECONDS = 240


@dataclass
class Terminal:
    """Where a page is walked: a folder, what stands in the place of its placeholders, and variables."""

    folder: Path
    scrap: Path
    places: Mapping[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)

    def walk(self, line: Line, code: int = 0) -> str:
        """Run one line of a page. A comment that begins with `until` has it repeated until it ends well."""
        deadline = time.monotonic() + (UNTIL_SECONDS if "# until" in line.text else 0)
        while True:
            ended, said = self.type(self.fill(line.text))
            if ended == code or time.monotonic() > deadline:
                break
        assert ended == code, f"`{line.command}` ended {ended}, not {code}:\n{said}"
        return said

    def fill(self, text: str) -> str:
        """The line with its placeholders replaced."""
        for placeholder, place in self.places.items():
            text = text.replace(placeholder, place)
        return text

    def type(self, text: str) -> tuple[int, str]:
        """The exit code of a line in bash, and all that it printed. What it leaves behind is ended by `at`."""
        print(f"$ {text}", flush=True)
        self.typed.append(text)
        file, pids = self.scrap / f"said-{len(self.log)}.txt", self.scrap / "behind.txt"
        script = f"{text}\nended=$?\njobs -p > {pids}\nexit $ended\n"
        # A job in the background keeps the file, where a pipe would have us wait for its end.
        with file.open("w") as out:
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder,
                env={**os.environ, **_tools(), **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=LONGEST_SECONDS,
                check=False,
            )
        self.behind += [int(pid) for pid in pids.read_text().split()] if pids.exists() else []
        said = file.read_text()
        print(said, flush=True)
        self.log.append(said)
        return done.returncode, said


def _tools() -> dict[str, str]:
    """The reader has the environment of `make setup` on the path."""
    return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}


@contextmanager
def at(folder: Path, places: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """A terminal; what its lines left in the background is ended with it, by number."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scrap:
        terminal = Terminal(folder, Path(scrap), places or {})
        try:
            yield terminal
        finally:
            for pid in terminal.behind:
                _end(pid)


def _end(pid: int) -> None:
    """As Ctrl-C does, which Prefect's worker hears; harder when it does not."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        process.send_signal(signal.SIGINT)
        _gone, alive = psutil.wait_procs(family, 40)
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
