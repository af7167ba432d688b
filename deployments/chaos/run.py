"""The whole suite: trials in the order of the plan on a platform that is made anew only when one broke it."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from deployments.chaos.app import APP
from deployments.chaos.figures import BROKEN, figures
from deployments.chaos.ground import FIRST_PORT, Ground, ground
from deployments.chaos.plan import Shot, plan
from deployments.chaos.result import Result, append, read_results
from deployments.chaos.trial import Trial
from deployments.demo.ledger import check_ledger
from infra.environment import PROJECT_FOLDER
from infra.errors import PipelineError
from infra.files import make_folder
from infra.local import Say


def measure_chaos(
    trials: int, seed: int, say: Say, out: Path | None = None, first_port: int = FIRST_PORT
) -> dict[str, Any]:
    """The figures of so many trials; see docs/benchmarks.md for the keys.

    Each result is a line of `out` as soon as it is there; trials that are in it already, of the same seed, are taken
    over. What an illegal trial left lies beside it.
    """
    out = out or PROJECT_FOLDER / ".pipeline" / f"chaos-{seed}.jsonl"
    make_folder(out.parent)
    done = read_results(out, seed)
    shots = [shot for shot in plan(trials, seed) if shot.number not in {result.number for result in done}]
    say(f"seed {seed}: {len(shots)} trials to go, {len(done)} of {trials} are in {out}")
    results, lost = list(done), 0
    # Asked to end, we still take down what we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    while shots:
        with tempfile.TemporaryDirectory(prefix="chaos-trials-") as folder, ground(_quiet, first_port) as place:
            run = _Run(place, seed, Path(folder), out, say)
            results += run.on(shots)
            lost += run.lost_at_the_end()
        shots = shots[len(run.results) :]
    found = figures(seed, results, lost)
    say(", ".join(f"{found[key]} {key}" for key in ("trials", *BROKEN, "acknowledged_writes", "requests")))
    return found


class _Run:
    """Trials on one platform, until one leaves it in a state that the next cannot begin in."""

    def __init__(self, place: Ground, seed: int, folder: Path, out: Path, say: Say) -> None:
        self._place, self._seed, self._folder, self._out, self._say = place, seed, folder, out, say
        self._ledgers: list[Path] = []
        self.results: list[Result] = []

    def on(self, shots: list[Shot]) -> list[Result]:
        """One after another."""
        for shot in shots:
            evidence = self._out.with_suffix("") / f"{shot.number:03d}"
            shutil.rmtree(evidence, ignore_errors=True)
            trial = Trial(self._place, shot, self._seed, self._folder / f"{shot.number:03d}", evidence)
            result = trial.run()
            result = replace(result, logs=str(evidence)) if result.illegal else result
            self._ledgers.append(trial.clean_up())
            self.results.append(result)
            append(self._out, result)
            self._say(result.line())
            if not trial.is_fit:
                break
        return self.results

    def lost_at_the_end(self) -> int:
        """Writes that were there after their own trial and are gone after a later one."""
        try:
            url = self._place.platform.database.url(APP)
            checks = [check_ledger(ledger, url) for ledger in self._ledgers]
        except PipelineError as error:
            if not self.results[-1].illegal:
                raise
            self._say(f"the ledgers could not be asked again after an illegal end: {error.message}")
            return 0
        now = sum(len(check.lost) + len(check.different) for check in checks)
        return now - sum(result.lost_writes for result in self.results)


def _quiet(_line: str) -> None:
    """How the platform comes up is not news."""
