"""One trial: a version is released under load, something is killed at the right moment, and the end is judged."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from deployments.chaos import answers
from deployments.chaos.app import APP
from deployments.chaos.evidence import keep_evidence
from deployments.chaos.ground import Ground
from deployments.chaos.journal import Journal
from deployments.chaos.judge import Ending, judge, unrest
from deployments.chaos.load import Load
from deployments.chaos.plan import MOOD_SECONDS, Shot
from deployments.chaos.quiet import Quiet
from deployments.chaos.result import Result
from deployments.chaos.targets import Blow, Targets
from deployments.chaos.world import World, look
from deployments.demo.ledger import LedgerCheck, check_ledger
from deployments.prefect_api import FlowRun
from infra.errors import PipelineError
from infra.platform import Platform

MOMENT_SECONDS = 400.0
_BEFORE_SECONDS = 1.0


@dataclass
class Trial:
    """`folder` is for this trial alone; what an illegal one left goes to `evidence`.

    `is_fit` says afterwards whether another trial can follow on the same platform.
    """

    ground: Ground
    shot: Shot
    seed: int
    folder: Path
    evidence: Path
    is_fit: bool = False
    _blows: list[Blow] = field(default_factory=list)
    _struck_at: str = ""
    _weight: int = 0

    def run(self) -> Result:
        """All of it. Raises what the harness itself cannot do; what the product does wrong is in the result."""
        started = time.monotonic()
        platform = self.ground.platform
        before = look(self.ground.environment)
        load = Load(platform.url, self.folder, self.seed * 1000 + self.shot.number)
        load.start()
        try:
            time.sleep(_BEFORE_SECONDS)
            run = self.ground.release(self.shot.version, before.revisions)
            quiet = self._strike(run, platform)
            is_quiet = quiet.wait()
            calm = time.time()
        finally:
            self.ground.proxy.recover()
            load.stop()
        stirring = "" if is_quiet else quiet.stirring
        result = self._judge(before, quiet.ending(), load, stirring, calm, time.monotonic() - started)
        if result.illegal:
            keep_evidence(self.ground, run, self.folder, self.evidence)
        return result

    def _strike(self, run: FlowRun, platform: Platform) -> Quiet:
        release = f"{self.shot.version.tag}-{run.id[:8]}"
        journal = Journal(self.ground.environment, release, run.id)
        quiet = Quiet(self.ground, journal, release, run)
        if journal.wait_for(self.shot.moment, quiet.is_over, time.monotonic() + MOMENT_SECONDS):
            self._struck_at = journal.place()
            self._blow(Targets(self.ground.environment, release, run.id))
            # After the blow: what the release did between a look and its death would be missed before it.
            route = platform.edge.route()
            # The candidate's share; once it is live, the weight is that of the version before it.
            self._weight = route.weight if _is_beside(route.at(route.beside), release) else 0
        return quiet

    def _blow(self, targets: Targets) -> None:
        if self.shot.mood:
            self._blows = [Blow(self.shot.aim, (), time.time())]
            self.ground.proxy.fall_into(self.shot.mood, MOOD_SECONDS)
        else:
            self._blows = [targets.kill(target) for target in self.shot.targets]

    def _judge(self, before: World, ending: Ending, load: Load, stirring: str, calm: float, seconds: float) -> Result:
        version = self.shot.version
        try:
            after = look(self.ground.environment)
            ledger = check_ledger(load.ledger, self.ground.platform.database.url(APP))
            illegal = judge(before, after, version, ending)
            self.is_fit = not stirring and not unrest(after)
        except PipelineError as error:
            after, ledger, illegal = before, LedgerCheck(0, 0, (), ()), [f"the world cannot be read: {error.message}"]
        if stirring:
            illegal.insert(0, f"not quiet after {calm - self._struck:.0f} s: {stirring}")
        lost = len(ledger.lost) + len(ledger.different)
        if lost:
            illegal.append(f"{lost} of {ledger.acknowledged} acknowledged writes are lost or differ")
        seen = answers.read_answers(load.answers)
        return Result(
            number=self.shot.number,
            seed=self.seed,
            aim=self.shot.aim,
            moment=str(self.shot.moment),
            version=version.tag,
            is_bad=version.is_bad,
            migration=version.migration,
            hit=self._hit(),
            struck_at=self._struck_at,
            standing=ending.standing,
            reason=ending.reason,
            illegal=tuple(illegal),
            acknowledged=ledger.acknowledged,
            lost_writes=lost,
            locks_left=int(bool(after.lock)),
            orphans=len(after.strays),
            requests=len(seen),
            failed=sum(bool(answer.failure) for answer in seen),
            unavailable_seconds=answers.unavailable_seconds(seen, version.tag if version.is_bad else ""),
            bad_traffic_seconds=self._bad_traffic(seen),
            quiet_seconds=round(calm - self._struck, 1),
            seconds=round(seconds, 1),
            lease_seconds=self._lease(seen),
            weight=self._weight,
        )

    @property
    def _struck(self) -> float:
        return self._blows[0].time if self._blows else time.time()

    def _hit(self) -> dict[str, int]:
        if self.shot.mood:
            return {self.shot.aim: self.ground.proxy.touched}
        return {blow.target: len(blow.pids) for blow in self._blows}

    def _lease(self, seen: list[answers.Answer]) -> float | None:
        """Only where the release died while its candidate had visitors."""
        deaths = [blow.time for blow in self._blows if blow.target == "flow run" and blow.pids]
        return (
            round(answers.lease_seconds(seen, self.shot.version.tag, deaths[0]), 2) if deaths and self._weight else None
        )

    def _bad_traffic(self, seen: list[answers.Answer]) -> float:
        """On the bad version, or on one that was killed."""
        bad = answers.bad_traffic_seconds(seen, self.shot.version.tag) if self.shot.version.is_bad else 0.0
        deaths = [blow.time for blow in self._blows if blow.target in ("candidate", "live app") and blow.pids]
        return max(
            [bad, *(answers.dead_traffic_seconds(seen, death) for death in deaths if not self.shot.version.is_bad)]
        )

    def clean_up(self) -> Path:
        """The ledger stays until the end of the run; the rest goes."""
        kept = self.folder.with_suffix(".ledger.jsonl")
        (self.folder / "ledger.jsonl").rename(kept)
        shutil.rmtree(self.folder, ignore_errors=True)
        return kept


def _is_beside(target: object, release: str) -> bool:
    return getattr(target, "deployment", "") == release
