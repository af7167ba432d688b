"""One attempt at a release: the first, or one after Retry, which goes on where the one before it failed.

What finished stages found out lies in the object store beside the notes, so that any worker can go on with it.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infra.errors import PipelineError
from infra.locks import Lock
from infra.locks.of_environment import locks_of
from tasks.outcomes import LockLost
from tasks.patience import patiently
from tasks.records import check_not_aborted
from tasks.release import Release, speaker


@dataclass(frozen=True)
class Waiver:
    """Somebody's word that a stage may be skipped, for this release only."""

    stage: str
    reason: str
    who: str


@dataclass(frozen=True)
class Kept:
    """What a finished stage found out. `value` is JSON; times are seconds since the epoch."""

    value: Any
    attempt: int
    finished: float
    seconds: float

    def __str__(self) -> str:
        when = time.strftime("%H:%M:%S", time.gmtime(self.finished))
        return f"from attempt {self.attempt}, finished at {when} UTC after {self.seconds:.1f} s"


@dataclass
class Attempt:
    """The attempt that this process makes. `rerun_from` is the stage from which all is done anew."""

    release: Release
    number: int
    lock: Lock
    rerun_from: str = ""
    waivers: tuple[Waiver, ...] = ()
    is_going_on: bool = field(default=True, init=False)
    is_redoing: bool = field(default=False, init=False)

    def enter(self, stage: str) -> None:
        """Before a stage of the journey. Raises Aborted when somebody asked for it, LockLost when we may not act."""
        patiently(lambda: check_not_aborted(self.release))
        self.check_lock()
        self.is_redoing = self.is_redoing or stage == self.rerun_from

    def check_lock(self) -> None:
        """Raises LockLost when the environment is not ours any more."""
        now = patiently(lambda: locks_of(self.release.settings).read())
        if now != self.lock:
            who = f"the {now.holder}" if now else "nobody"
            raise LockLost(f"{self.release.label} no longer holds the environment: {who} does")

    def waiver_for(self, stage: str) -> Waiver | None:
        """The waiver of a stage."""
        return next((waiver for waiver in self.waivers if waiver.stage == stage), None)

    def read(self, name: str) -> Kept | None:
        """What the stage called `name` found in an earlier attempt; None when it has to be done."""
        if self.number == 1 or self.is_redoing:
            return None
        content = patiently(lambda: self.release.platform.objects.get(_key(self.release, name)))
        return Kept(**json.loads(content)) if content else None

    def keep(self, name: str, hint: Any, value: Any, began: float) -> None:
        """Write down what it found, so that no later attempt does it again."""
        found = TypeAdapter(hint).dump_python(value, mode="json")
        kept = Kept(found, self.number, time.time(), time.time() - began)
        content = json.dumps(kept.__dict__).encode()
        patiently(lambda: self.release.platform.objects.put(_key(self.release, name), content, "application/json"))


def restored(kept: Kept, hint: Any) -> Any:
    """The value as the stage returned it. Raises PipelineError when this version of the pipeline cannot read it."""
    try:
        return TypeAdapter(hint).validate_python(kept.value, strict=False)
    except ValidationError as error:
        raise PipelineError(
            f"what attempt {kept.attempt} left cannot be read: {error}", "run the stage again"
        ) from error


_ATTEMPTS: dict[str, Attempt] = {}


def begin_attempt(attempt: Attempt) -> None:
    """From now on the stages of this release know it."""
    _ATTEMPTS[attempt.release.id] = attempt
    if attempt.number > 1:
        speaker()(f"attempt {attempt.number} at {attempt.release.label}: goes on where the last one failed")


def end_attempt(release: Release) -> None:
    """The stages that follow (the way back, the report) are no part of the journey."""
    _ATTEMPTS.pop(release.id, None)


def attempt_of(release: Release) -> Attempt | None:
    """The attempt that this process makes at it."""
    return _ATTEMPTS.get(release.id)


def _key(release: Release, name: str) -> str:
    return f"releases/{release.app}/{release.id}/kept/{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:80]}.json"
