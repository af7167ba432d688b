"""Load on the app from a process of its own: every answer is written down with its moment, every promise in a ledger.

By hand: `python -m deployments.chaos.load --url http://127.0.0.1:8080 --answers a.txt --ledger l.jsonl`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deployments.demo.ledger import LedgerWriter
from deployments.demo.tally import Outcome, Tally
from deployments.demo.traffic import Plan, Traffic
from infra.commands import command
from infra.errors import PipelineError
from infra.files import make_folder
from infra.processes import last_words

RATE = 120.0
LONGEST_SECONDS = 900.0
VISITORS = 200
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_FLUSH_SECONDS = 0.1


class WrittenTally(Tally):
    """Counts, and writes a line for each answer: when it came, how long it took, which version, what was wrong."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._stream = path.open("w", buffering=1 << 16)

    def add(self, outcome: Outcome) -> None:
        """One finished request."""
        super().add(outcome)
        failure = outcome.failure or "ok"
        self._stream.write(f"{outcome.time:.4f} {outcome.seconds:.4f} {outcome.version} {failure}\n")

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._stream.flush()


@dataclass
class Load:
    """`rate` requests a second on `url` until it is stopped, or the process that started it dies."""

    url: str
    folder: Path
    seed: int
    rate: float = RATE
    _process: subprocess.Popen[bytes] | None = None

    @property
    def answers(self) -> Path:
        """A line for each answer."""
        return self.folder / "answers.txt"

    @property
    def ledger(self) -> Path:
        """Every acknowledged write."""
        return self.folder / "ledger.jsonl"

    @property
    def log(self) -> Path:
        """What it prints when it cannot go on."""
        return self.folder / "load.log"

    def start(self) -> None:
        """Start sending. Raises PipelineError when it does not come up."""
        make_folder(self.folder)
        words = ["--url", self.url, "--rate", f"{self.rate:g}", "--seed", str(self.seed)]
        words += ["--ledger", str(self.ledger), "--answers", str(self.answers)]
        what = command(sys.executable, "-m", "deployments.chaos.load", *words)
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                what.arguments,
                env=what.environment(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not (self.answers.exists() and self.answers.stat().st_size):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise PipelineError(f"the load on {self.url} did not start: {last_words(self.log)}", f"see {self.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop sending and wait for what is in flight. Harmless when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


async def _send(plan: Plan, answers: Path, ledger: LedgerWriter) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # Standard input closes when the process that started us dies.
    loop.add_reader(sys.stdin.fileno(), stop.set)
    traffic, tally = Traffic(plan, ledger), WrittenTally(answers)
    traffic.tally = tally
    flushing = asyncio.create_task(_keep_flushing(tally, ledger))
    await traffic.run(stop)
    flushing.cancel()
    tally.flush()
    ledger.close()


async def _keep_flushing(tally: WrittenTally, ledger: LedgerWriter) -> None:
    while True:
        tally.flush()
        ledger.flush()
        await asyncio.sleep(_FLUSH_SECONDS)


def main(words: list[str]) -> None:
    """The load's own process."""
    parser = argparse.ArgumentParser(prog="python -m deployments.chaos.load", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    options = parser.parse_args(words)
    most = int(options.rate * LONGEST_SECONDS)
    plan = Plan(options.url, options.rate, LONGEST_SECONDS, most, VISITORS, options.seed)
    asyncio.run(_send(plan, options.answers, LedgerWriter(options.ledger)))


if __name__ == "__main__":
    main(sys.argv[1:])
