"""Steady load on the demo app from a process of its own: `Load` starts, reads and stops it.

By hand: `python -m deployments.demo.load --url http://127.0.0.1:8080 --ledger l.jsonl --report r.json`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from deployments.demo.tally import Report, read_report
from infra.commands import command
from infra.errors import BadInput, PipelineError
from infra.files import make_folder
from infra.processes import last_words

DEFAULT_RATE = 150.0
START_SECONDS = 30.0
# In-flight requests may take 5 s to end; the rest is for writing the report on a busy machine.
STOP_SECONDS = 20.0


@dataclass
class Load:
    """Open-loop load of `rate` requests a second on `url`, until stopped or a limit is reached.

    `ledger` is appended to, `report` is replaced; what the process prints goes beside the report (`.log`).
    The process ends by itself when the one that started it dies.
    """

    url: str
    ledger: Path
    report: Path
    rate: float = DEFAULT_RATE
    seconds: float = 900
    max_requests: int = 1_000_000
    visitors: int = 400
    seed: int | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start sending. Raises BadInput when it runs already, PipelineError when it does not come up."""
        if self.is_running:
            raise BadInput("load", "runs already", "stop it first")
        make_folder(self.report.parent)
        self.report.unlink(missing_ok=True)
        self._process = self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while not self.report.exists():
            if not self.is_running or time.monotonic() > deadline:
                self._end(self._process)
                raise self._failure("did not start")
            time.sleep(0.02)
        return self

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def totals(self) -> Report:
        """Counts no older than about half a second."""
        return read_report(self.report)

    def stop(self) -> Report:
        """Stop sending, wait for what is in flight, and return the final report. Harmless when it ended before."""
        if self._process is None:
            raise BadInput("load", "was never started", "call start() first")
        code = self._end(self._process)
        report = self.totals() if self.report.exists() else None
        if code != 0 or report is None or not report.is_final:
            raise self._failure(f"ended with code {code}")
        return report

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self.is_running:
            self.stop()
        elif self._process is not None:
            # The error on its way out is the news; the load only has to be gone.
            self._end(self._process)

    def _spawn(self) -> subprocess.Popen[bytes]:
        words = ["--url", self.url, "--rate", f"{self.rate:g}", "--ledger", self.ledger, "--report", self.report]
        words += ["--seconds", f"{self.seconds:g}", "--max-requests", self.max_requests]
        words += ["--visitors", self.visitors, "--with-parent"]
        if self.seed is not None:
            words += ["--seed", self.seed]
        what = command(sys.executable, "-m", "deployments.demo.load", *map(str, words))
        with self._log.open("wb") as output:
            return subprocess.Popen(
                what.arguments,
                env=what.environment(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for whoever started us; they stop us in good order.
                start_new_session=True,
            )

    @property
    def _log(self) -> Path:
        return self.report.with_suffix(".log")

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> int:
        """Ask, wait, insist; the exit code (negative: killed by that signal)."""
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()
        return process.returncode

    def _failure(self, what: str) -> PipelineError:
        words = last_words(self._log) or "it printed nothing"
        return PipelineError(f"the load on {self.url} {what}: {words}", f"its output is in {self._log}")


if __name__ == "__main__":
    from deployments.demo.sender import main

    sys.exit(main(sys.argv[1:]))
