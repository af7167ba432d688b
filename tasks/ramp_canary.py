"""One step of the canary ramp: a weight, and visitors' evidence until it says yes or no."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from infra.edge import Slot
from tasks.analysis import Analysis, Verdict
from tasks.evidence import Row, Witness, batch_of, policy_of
from tasks.outcomes import CanaryFailed, Undecided
from tasks.records import check_not_aborted
from tasks.release import Release, speaker
from tasks.stage import stage
from tasks.timeline import write_timeline

SAY_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Step:
    """What a step found out. `evidence` is the analysis as JSON, for the next step to go on from."""

    weight: int
    seconds: float
    requests: int
    evidence: str
    sentence: str


@dataclass
class _Climb:
    """The step in progress."""

    release: Release
    live: str
    weight: int
    witness: Witness
    analysis: Analysis
    progress: UUID
    started: float = field(default_factory=time.monotonic)
    said: float = 0.0
    rows: list[Row] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return sum(row.canary.requests for row in self.rows)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def named(self, reason: str) -> str:
        """The sentence with the live version's name in it."""
        return reason.replace(" on live", f" on {self.live}").replace(" live's ", f" {self.live}'s ")


@stage("canary", run_name="canary {weight} %")
def ramp_canary(release: Release, slot: Slot, weight: int, evidence: str) -> Step:
    """Give the candidate `weight` percent and wait for evidence, which is added to that of earlier steps.

    Raises CanaryFailed (visitors are back on the live version by then), Undecided when time is up, Aborted.
    """
    climb = _begin(release, slot, weight, evidence)
    edge = release.platform.edge
    edge.weigh(weight)
    speaker()(f"{release.label} gets {weight} % of the traffic")
    try:
        verdict = _climb(climb)
    except BaseException:
        edge.weigh(0)  # first of all the visitors; the rest of the way back follows
        speaker()("the candidate gets no more traffic")
        raise
    finally:
        write_timeline(release, f"{weight:03d}", climb.rows)
    update_progress_artifact(climb.progress, progress=100.0)
    sentence = climb.named(verdict.reason)
    speaker()(f"{release.label} passes {weight} % after {climb.seconds:.0f} s: {sentence}")
    return Step(weight, climb.seconds, climb.requests, climb.analysis.to_json(), sentence)


def _begin(release: Release, slot: Slot, weight: int, evidence: str) -> _Climb:
    canary = release.settings.canary
    platform = release.platform
    live = platform.edge.route().live_target
    candidate = platform.hosting.find(release.deployment)
    if candidate is None:
        raise CanaryFailed(f"{release.label} at {weight} %: its deployment {release.deployment} does not exist")
    urls = (candidate.url, f"http://{live.address}" if live else None)
    analysis = Analysis.from_json(evidence) if evidence else Analysis(policy_of(canary))
    analysis.begin_step()
    progress = cast(UUID, create_progress_artifact(0.0, key="canary", description=f"{release.label} at {weight} %"))
    return _Climb(
        release,
        live.version if live else "live",
        weight,
        Witness(platform.edge, slot, urls, canary),
        analysis,
        progress,
    )


def _climb(climb: _Climb) -> Verdict:
    policy = climb.release.settings.canary
    while climb.seconds < policy.step_timeout_seconds:
        time.sleep(0.5)
        verdict = _look(climb)
        if verdict.outcome == "fail":
            raise CanaryFailed(f"{climb.release.label} at {climb.weight} %: {climb.named(verdict.reason)}")
        if verdict.outcome == "pass":
            return verdict
        check_not_aborted(climb.release)
        _report(climb, verdict)
    reason = climb.named(climb.analysis.verdict.reason)
    raise Undecided(f"{climb.release.label} at {climb.weight} %: undecided after {climb.seconds:.0f} s: {reason}")


def _look(climb: _Climb) -> Verdict:
    health_path = climb.release.source.manifest.health.path
    climb.analysis.health(climb.witness.is_healthy(health_path))
    for row in climb.witness.look(climb.weight):
        climb.rows.append(row)
        climb.analysis.add(batch_of(row, climb.release.settings.canary.batch_seconds))
    return climb.analysis.verdict


def _report(climb: _Climb, verdict: Verdict) -> None:
    if climb.seconds - climb.said < SAY_EVERY_SECONDS:
        return
    climb.said = climb.seconds
    speaker()(f"{climb.weight} %: {climb.requests} requests to {climb.release.label}; {climb.named(verdict.reason)}")
    to_go = max((metric.requests_to_go or 0 for metric in verdict.metrics), default=0)
    update_progress_artifact(climb.progress, progress=99.0 * climb.requests / max(climb.requests + to_go, 1))
