"""The canary decision on the running local platform: real edge, apps and visitors, and the product's own ramp step."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.bench.canary_app import FAULTS, variables, write_app
from deployments.demo.load import Load
from deployments.demo.tally import Report
from infra.edge import Target
from infra.environment import load_environment
from infra.hosting import Deployment, Source
from infra.platform import Platform, connect
from tasks.climb import climb
from tasks.dial import Traffic
from tasks.outcomes import CanaryFailed
from tasks.release import Release
from tasks.timeline import Chapter, read_chapters

APP = "canary-live"
# Longer than any answer: what one trial left under way is over before the next one.
APART_SECONDS = 3.5
TRIED = tuple(fault for fault in FAULTS if fault != "hangs")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """One ramp step. Times are seconds since the epoch; `acted` is when all traffic was on the live version again."""

    right: bool
    began: float
    ended: float
    acted: float | None
    act_ms: float | None
    decided: float | None
    first_bad: float | None
    sentence: str


def measure_live(
    trials: int = 20,
    environment: str = "local",
    weight: int = 10,
    rate: float = 100.0,
    faults: tuple[str, ...] = TRIED,
    say: Say = print,
) -> list[dict[str, Any]]:
    """A row for each fault, over so many ramp steps at `weight` percent of `rate` requests a second.

    Object store and edge of the environment must run. `seconds_to_live` is from the first bad answer to the last
    visitor being sent to the candidate, `evidence_seconds` the part until the verdict, `act_ms` the rest.
    `lost_beyond_fault`: failed requests that the candidate did not answer itself; it has to be 0.
    """
    settings = load_environment(environment)
    folder = settings.state / "bench" / "canary-live"
    stage = _Stage(connect(settings, APP), write_app(folder / "app", APP), environment)
    try:
        stage.open()
        return [_measure(stage, fault, trials, weight, rate, folder, say) for fault in faults]
    finally:
        stage.close()


class _Stage:
    """The live version and one candidate at a time, run by the local hosting behind the edge."""

    def __init__(self, platform: Platform, source: Source, environment: str) -> None:
        self.platform, self.source, self.environment = platform, source, environment
        self.stamp = str(int(time.time()))
        self.started: list[str] = []

    def open(self) -> None:
        """The live version gets everything; whatever stood beside it leaves."""
        edge = self.platform.edge
        live = self.start("live", "healthy")
        slot = edge.route().beside
        edge.weigh(0)
        edge.attach(slot, Target(live.id, live.address, "live"))
        edge.make_live(slot)

    def close(self) -> None:
        """End what was started; the route stays, without weight."""
        self.platform.edge.weigh(0)
        for deployment in self.started:
            self.platform.hosting.stop(deployment, 0)

    def start(self, version: str, fault: str) -> Deployment:
        """A running version."""
        name = f"{version}-{self.stamp}-{len(self.started)}"
        self.started.append(name)
        found = variables(version, fault)
        self.platform.hosting.build(self.source, name, found, _quiet)
        return self.platform.hosting.start(name, found, _quiet)

    def release(self, deployment: Deployment) -> Release:
        """The release whose candidate it is."""
        source = self.source
        where = (self.environment, APP, source.repository, source.ref, source.version)
        return Release(deployment.id, *where, "candidate", str(source.folder))


def _measure(
    stage: _Stage, fault: str, trials: int, weight: int, rate: float, folder: Path, say: Say
) -> dict[str, Any]:
    candidate = stage.start("candidate", fault)
    slot = stage.platform.edge.route().beside
    stage.platform.edge.attach(slot, Target(candidate.id, candidate.address, "candidate"))
    done = []
    ledger, report = folder / f"ledger-{stage.stamp}.jsonl", folder / "load.json"
    with Load(stage.platform.url, ledger, report, rate=rate, seconds=3600) as load:
        for number in range(trials):
            done.append(_try(stage.release(candidate), fault, weight))
            say(f"{fault}, {number + 1} of {trials}: {done[-1].sentence}")
            time.sleep(APART_SECONDS if "slow" in fault else 1.0)
        found = load.stop()
    stage.platform.edge.detach(slot)
    stage.platform.hosting.stop(candidate.id, 0)
    return _row(fault, done, found)


def _try(release: Release, fault: str, weight: int) -> Trial:
    dial = Traffic(release.platform.edge, release.platform.edge.route().beside)
    began, right = time.time(), False
    try:
        sentence = climb(release, dial, weight, "", lambda *_: None).sentence
        right = fault == "healthy"
    except CanaryFailed as failed:
        sentence, right = failed.message, fault != "healthy"
    ended = time.time()
    release.platform.edge.weigh(0)
    chapter = read_chapters(release)[-1]
    acted = chapter.decided + chapter.acted_ms / 1000 if chapter.decided and chapter.acted_ms is not None else None
    return Trial(right, began, ended, acted, chapter.acted_ms, chapter.decided, _first_bad(chapter), sentence)


def _first_bad(chapter: Chapter) -> float | None:
    """The start of the second in which the edge first saw a bad answer: early by half a second on average."""
    return next((one.time for one in chapter.moments if one.canary.failures or one.canary.slow), None)


def _row(fault: str, trials: list[Trial], report: Report) -> dict[str, Any]:
    aborted = [trial for trial in trials if trial.acted and trial.decided and trial.first_bad]
    acts = [trial.act_ms for trial in aborted if trial.act_ms is not None]
    to_live = [(trial.acted or 0) - _first(trial, report) for trial in aborted]
    evidence = [(trial.decided or 0) - _first(trial, report) for trial in aborted]
    own = report.by_version["candidate"].failed if "candidate" in report.by_version else 0
    return {
        "fault": fault,
        "trials": len(trials),
        "right_verdicts": sum(trial.right for trial in trials),
        "act_ms_p50": _rounded(acts, statistics.median),
        "act_ms_p95": _rounded(acts, lambda values: sorted(values)[-(-95 * len(values) // 100) - 1]),
        "seconds_to_live_median": _rounded(to_live, statistics.median),
        "evidence_seconds_median": _rounded(evidence, statistics.median),
        "verdict_seconds_median": _rounded([trial.ended - trial.began for trial in trials], statistics.median),
        "requests": report.requests,
        "failed_by_candidate": own,
        "lost_beyond_fault": report.failed - own,
    }


def _first(trial: Trial, report: Report) -> float:
    """The first failed answer as the visitor saw it; of slow ones the edge's second is all there is."""
    failures = (one.time for one in report.failures if trial.began <= one.time <= trial.ended)
    return next(failures, trial.first_bad or trial.ended)


def _rounded(values: list[float], how: Callable[[list[float]], float]) -> float | None:
    return round(how(values), 2) if values else None


def _quiet(_line: str) -> None:
    """Builds and starts of tiny apps tell nobody anything."""
