"""Raises the shield in front of an environment, or lowers it again to where it was."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

from infra.cdn import UNDER_ATTACK, Cdn
from infra.environment import load_environment
from infra.errors import BadInput
from infra.objects import Objects
from infra.platform import cdn_of, objects_of
from tasks.release import speaker
from tasks.stage import stage

USUAL = "medium"  # what Cloudflare gives a new zone
_KEY = "shield/raised.json"


@dataclass(frozen=True)
class Raised:
    """Who raised it and why, and how high it was `before`. `time` is seconds since the epoch."""

    before: str
    who: str
    reason: str
    time: float


@stage("raise the shield", tries=3)
def raise_shield(environment: str, who: str, reason: str) -> str:
    """What was done, in words. Raised twice, it goes back to where it was before the first. Raises BadInput."""
    cdn, objects = _both(environment)
    level = cdn.security_level()
    if read_raised(objects) is None:
        # Raised by hand, in the vendor's dashboard: where it was before that, nobody told us.
        before = USUAL if level == UNDER_ATTACK else level
        objects.put(_KEY, json.dumps(asdict(Raised(before, who, reason, time.time()))).encode(), "application/json")
    cdn.set_security_level(UNDER_ATTACK)
    speaker()(f"{environment} is shielded by {who}: {reason}; it was at {level!r}")
    return f"{environment} is shielded, every visitor's browser is checked first; it was at {level!r}"


@stage("lower the shield", tries=3)
def lower_shield(environment: str, who: str, reason: str) -> str:
    """What was done, in words. Harmless when it is not raised. Raises BadInput."""
    cdn, objects = _both(environment)
    raised = read_raised(objects)
    level = cdn.security_level()
    if raised is None and level != UNDER_ATTACK:
        return f"{environment} is not shielded: it is at {level!r}"
    target = raised.before if raised else USUAL
    cdn.set_security_level(target)
    objects.delete(_KEY)
    speaker()(f"{environment} is back at {target!r}, says {who}: {reason}")
    return f"{environment} is back at {target!r}"


def read_raised(objects: Objects) -> Raised | None:
    """Who raised it; None when it is not raised by us."""
    content = objects.get(_KEY)
    return Raised(**json.loads(content)) if content else None


def _both(environment: str) -> tuple[Cdn, Objects]:
    settings = load_environment(environment)
    cdn = cdn_of(settings)
    if cdn is None:
        raise BadInput(
            "environment", f"{environment!r} has no shield in front of it", "add [cloudflare] to its file, or another"
        )
    return cdn, objects_of(settings)
