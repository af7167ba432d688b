"""One step of the canary ramp as a stage: a weight, and evidence until it says yes or no."""

from __future__ import annotations

from infra.edge import Slot
from tasks.climb import Step, climb
from tasks.dial import Traffic
from tasks.progress import Progress
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@stage("canary", run_name="canary {weight} %", journey=Journey(follows=True))
def ramp_canary(release: Release, slot: Slot, weight: int, evidence: str) -> Step:
    """Give the candidate `weight` percent and wait for evidence, which is added to that of earlier steps.

    Raises CanaryFailed (visitors are back on the live version by then), Undecided when time is up, Aborted.
    """
    with Progress("canary", speaker()) as progress:
        progress.show(0.0, f"{release.label} at {weight} %")
        dial = Traffic(release.platform.edge, slot)
        step = climb(release, dial, weight, evidence, progress.show)
        progress.show(100.0, f"{release.label} passed {weight} %: {step.sentence}")
    return step
