"""A hold on a release in flight: the ramp keeps its weight and keeps judging, and does not advance.

One object, `releases/<app>/<release>/hold.json`, which outlives every process; a hold that ended stays readable.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace

from infra.errors import BadInput
from infra.objects import Objects

RAMP = "the ramp"
POLICY = "the policy"


@dataclass(frozen=True)
class Hold:
    """Who keeps the release where it is, and why. Times are seconds since the epoch; `lifted` is None while it holds.

    `who` is what people say of themselves: nobody checks it.
    """

    reason: str
    who: str
    placed: float
    lifted: float | None = None
    lifted_by: str = ""
    lift_reason: str = ""

    @property
    def is_on(self) -> bool:
        """Whether it still holds."""
        return self.lifted is None

    @property
    def is_own(self) -> bool:
        """Whether the ramp placed it because it could not decide."""
        return self.who == RAMP

    def __str__(self) -> str:
        return f"held by {self.who} since {time.strftime('%H:%M:%S', time.gmtime(self.placed))} UTC: {self.reason}"


def read_hold(objects: Objects, app: str, release: str) -> Hold | None:
    """The newest hold of a release, also one that ended."""
    content = objects.get(_key(app, release))
    return Hold(**json.loads(content)) if content else None


def place_hold(objects: Objects, app: str, release: str, reason: str, who: str) -> Hold:
    """Hold it, or take over a hold that is on; its time starts anew. Raises BadInput without a reason or a name."""
    _check_said(reason, who)
    hold = Hold(reason.strip(), who.strip(), time.time())
    _write(objects, app, release, hold)
    return hold


def lift_hold(objects: Objects, app: str, release: str, reason: str, who: str) -> Hold:
    """Let it go on. Raises BadInput without a reason or a name, and when it is not held."""
    _check_said(reason, who)
    hold = read_hold(objects, app, release)
    if hold is None or not hold.is_on:
        raise BadInput("release", f"{release} is not held", "see `pipeline status`")
    lifted = replace(hold, lifted=time.time(), lifted_by=who.strip(), lift_reason=reason.strip())
    _write(objects, app, release, lifted)
    return lifted


def _check_said(reason: str, who: str) -> None:
    for field, text in (("reason", reason), ("who", who)):
        if not text.strip():
            raise BadInput(field, "is empty", "say it: others have to decide by it")


def _write(objects: Objects, app: str, release: str, hold: Hold) -> None:
    objects.put(_key(app, release), json.dumps(asdict(hold)).encode(), "application/json")


def _key(app: str, release: str) -> str:
    return f"releases/{app}/{release}/hold.json"
