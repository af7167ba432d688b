"""What a person may ask of a release beside going on: a stage skipped by policy, or done anew from some stage on."""

from __future__ import annotations

import difflib
import json
import time
from dataclasses import asdict, dataclass

from infra.environment import Environment
from infra.errors import BadInput
from infra.objects import Objects
from tasks.attempt import Waiver
from tasks.patience import patiently
from tasks.release import Release
from tasks.stage import NOT_SKIPPABLE, STAGES


@dataclass(frozen=True)
class Rerun:
    """From `stage` on all is done anew, whatever an earlier attempt found. `asked`: seconds since the epoch."""

    stage: str
    reason: str
    who: str
    asked: float

    def __str__(self) -> str:
        return f"from {self.stage!r} on anew: {self.reason} ({self.who})"


def waivers_of(environment: Environment, skip: list[str], reason: str, who: str) -> tuple[Waiver, ...]:
    """A waiver for each stage to skip. Raises BadInput for one that policy does not let go, or without a reason."""
    for stage in skip:
        check_stage(stage)
        if stage not in environment.release.may_skip or STAGES[stage].skipped is NOT_SKIPPABLE:
            allowed = ", ".join(environment.release.may_skip) or "none"
            raise BadInput("skip", f"{stage!r} may not be skipped in {environment.name}", f"may_skip allows: {allowed}")
    for field, text in (("skip_reason", reason), ("skip_who", who)):
        if skip and not text.strip():
            raise BadInput(field, "is empty", "say it: it goes on record with the release")
    return tuple(Waiver(stage, reason.strip(), who.strip()) for stage in skip)


def check_stage(stage: str) -> None:
    """Raises BadInput for a stage that no release has, with those that sound like it."""
    if stage not in STAGES:
        near = difflib.get_close_matches(stage, STAGES, n=3) or sorted(STAGES)
        raise BadInput("stage", f"{stage!r} is no stage of a release", f"did you mean: {', '.join(near)}?")


def request_rerun(objects: Objects, app: str, release: str, stage: str, reason: str, who: str) -> Rerun:
    """For the next attempt. Raises BadInput without a reason or a name, and for an unknown stage."""
    check_stage(stage)
    for field, text in (("reason", reason), ("who", who)):
        if not text.strip():
            raise BadInput(field, "is empty", "say it: it goes on record with the release")
    rerun = Rerun(stage, reason.strip(), who.strip(), time.time())
    objects.put(_key(app, release), json.dumps(asdict(rerun)).encode(), "application/json")
    return rerun


def read_rerun(release: Release) -> Rerun | None:
    """What was asked for this attempt."""
    content = patiently(lambda: release.platform.objects.get(_key(release.app, release.id)))
    return Rerun(**json.loads(content)) if content else None


def forget_rerun(release: Release) -> None:
    """At the end of the attempt that did it."""
    patiently(lambda: release.platform.objects.delete(_key(release.app, release.id)))


def _key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/rerun.json"
