"""The demo and the `release` benchmark: v1, v2 and a bad v3 released under load, and what became of every request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from deployments.cli.follow import show
from deployments.demo.ledger import LedgerCheck, check_ledger
from deployments.demo.load import Load
from deployments.demo.repository import create_repository
from deployments.demo.tally import Report
from deployments.prefect_api import PrefectApi
from infra.database.connection import access_to
from infra.environment import Environment
from infra.errors import PipelineError
from infra.local.platform import bring_up
from infra.platform import Platform, connect
from infra.schema.fingerprint import fingerprint_of

Say = Callable[[str], None]
APP = "securyflex-demo"
GOOD_REQUESTS = 10_000


@dataclass(frozen=True)
class Window:
    """One release under load, as the client saw it. `other_failures` are failed requests that the new version
    did not answer; `seconds_to_live` runs from its first failed answer to its last answer of any kind."""

    ref: str
    requests: int
    failed: int
    other_failures: int
    seconds: float
    verdict: str
    reason: str
    seconds_to_live: float | None


@dataclass(frozen=True)
class World:
    """What the platform looks like, read from the platform."""

    live: str
    weight: int
    running: tuple[str, ...]
    schema: str
    incidents: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """The whole run."""

    up_seconds: float
    first_seconds: float
    good: Window
    bad: Window
    ledger: LedgerCheck
    before_bad: World
    after_bad: World
    report: Report

    def figures(self) -> dict[str, Any]:
        """The documented keys, for machines."""
        lost = len(self.ledger.lost) + len(self.ledger.different)
        good, bad = asdict(self.good), asdict(self.bad)
        return {
            "good": {**good, "lost_writes": lost},
            "bad": {**bad, "lost_writes": lost},
            "acknowledged_writes": self.ledger.acknowledged,
            "up_seconds": round(self.up_seconds, 1),
            "first_release_seconds": round(self.first_seconds, 1),
            "requests": self.report.requests,
            "failed": self.report.failed,
            "world_before_bad": asdict(self.before_bad),
            "world_after_bad": asdict(self.after_bad),
            "problems": self.problems(),
        }

    def problems(self) -> list[str]:
        """What is not as it has to be; empty when the demo succeeded."""
        before, after = self.before_bad, self.after_bad
        wrong = {
            f"v2 ended {self.good.verdict}: {self.good.reason}": self.good.verdict != "Promoted",
            f"{self.good.failed} requests failed while v2 was released": self.good.failed > 0,
            f"only {self.good.requests} requests were sent while v2 was released": self.good.requests < GOOD_REQUESTS,
            f"v3 ended {self.bad.verdict}: {self.bad.reason}": self.bad.verdict != "RolledBack",
            f"{self.bad.other_failures} requests failed by no fault of v3": self.bad.other_failures > 0,
            f"{len(self.ledger.lost)} acknowledged writes are lost": bool(self.ledger.lost),
            f"{len(self.ledger.different)} acknowledged writes differ": bool(self.ledger.different),
            f"{after.live} is live at weight {after.weight}, not v2 alone": (after.live, after.weight) != ("v2", 0),
            f"running after v3: {after.running}, before: {before.running}": set(after.running) != set(before.running),
            "the schema after v3 is not the one before": after.schema != before.schema,
            "v3 left no incident": len(after.incidents) != len(before.incidents) + 1,
        }
        return [text for text, is_so in wrong.items() if is_so]


@dataclass(frozen=True)
class Measured:
    """A window and its borders, in seconds since the epoch."""

    window: Window
    began: float
    ended: float


class Demo:
    """Runs the story on a local environment."""

    def __init__(self, environment: Environment, rate: float, say: Say) -> None:
        self._environment = environment
        self._say = say
        self._api = PrefectApi(environment.prefect_url)
        self._folder = environment.state / "demo"
        self._rate = rate

    def run(self) -> Story:
        """All of it; about three minutes. Raises PipelineError when a part cannot be run at all."""
        started = time.monotonic()
        bring_up(self._environment, self._say)
        up_seconds = time.monotonic() - started
        repository = create_repository(self._folder / "securyflex").folder
        platform = connect(self._environment, APP)
        if platform.edge.route().live is None:
            first_seconds = self._first(repository)
        else:
            self._say(f"{APP} is live already: v1 is released over it")
            first_seconds = 0.0
        with self._load(platform) as load:
            if not first_seconds:
                first_seconds = self._first(repository)
            good = self._release(load, repository, "v2", at_least=GOOD_REQUESTS)
            before = look(platform)
            bad = self._release(load, repository, "v3", at_least=0)
            report = load.stop()
        ledger = check_ledger(load.ledger, platform.database.url(APP))
        windows = _complete(good, report), _complete(bad, report)
        return Story(up_seconds, first_seconds, *windows, ledger, before, look(platform), report)

    def _first(self, repository: Path) -> float:
        self._say("releasing v1")
        started = time.monotonic()
        outcome, message = self._flow(repository, "v1")
        if outcome != "Promoted":
            raise PipelineError(f"v1 ended {outcome}: {message}", "see the log above")
        return time.monotonic() - started

    def _release(self, load: Load, repository: Path, ref: str, at_least: int) -> Measured:
        self._say(f"releasing {ref} under {self._rate:g} requests a second")
        began, before = time.time(), load.totals()
        outcome, message = self._flow(repository, ref)
        seconds = time.time() - began
        while load.totals().requests - before.requests < at_least and load.is_running:
            time.sleep(0.5)
        time.sleep(1.0)
        ended, after = time.time(), load.totals()
        window = Window(ref, after.requests - before.requests, 0, 0, round(seconds, 1), outcome, message, None)
        return Measured(window, began, ended)

    def _flow(self, repository: Path, ref: str) -> tuple[str, str]:
        parameters = {"repository": str(repository), "ref": ref, "environment": self._environment.name}
        run = self._api.start("release", self._environment.name, parameters)
        over, _ = show(self._api, run)
        return over.outcome, over.message

    def _load(self, platform: Platform) -> Load:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        ledger, report = self._folder / f"ledger-{stamp}.jsonl", self._folder / f"load-{stamp}.json"
        return Load(platform.url, ledger, report, rate=self._rate)


def look(platform: Platform) -> World:
    """The platform as it is now."""
    route = platform.edge.route()
    live = route.live_target
    running = tuple(sorted(found.id for found in platform.hosting.deployments() if found.is_running))
    incidents = tuple(incident.key for incident in platform.incidents.list())
    schema = fingerprint_of(access_to(platform.database.url(APP)))
    return World(live.version if live else "", route.weight, running, schema, incidents)


def _complete(measured: Measured, report: Report) -> Window:
    """The window with what the final report says of its failures, which it counts by the second."""
    window = measured.window
    inside = [s for s in report.timeline if measured.began <= report.started + s.second <= measured.ended]
    failed = sum(second.failed for second in inside)
    own = sum(second.failed_versions.get(window.ref, 0) for second in inside)
    first = next((f.time for f in report.failures if f.version == window.ref and f.time >= measured.began), None)
    to_live = round(_last_answer(window.ref, report) - first, 1) if first is not None else None
    return replace(window, failed=failed, other_failures=failed - own, seconds_to_live=to_live)


def _last_answer(version: str, report: Report) -> float:
    """The end of the last second in which `version` answered anything; seconds since the epoch."""
    return report.started + 1 + max(second.second for second in report.timeline if second.versions.get(version))
