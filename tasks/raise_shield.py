"""Raises the shield in front of an environment, or lowers it again to where it was."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

from infra.environment import load_environment
from infra.errors import BadInput
from infra.objects import Objects
from infra.platform import objects_of, shield_of
from infra.shield import UNDER_ATTACK, Shield
from tasks.release import speaker
from tasks.stage import stage

_KEY = "shield/raised.json"


@dataclass(frozen=True)
class Raised:
    """Who raised it and why, and how high it was `before`. `time` is seconds since the epoch; `shield` whose it is."""

    before: str
    who: str
    reason: str
    time: float
    shield: str = ""


@stage("raise the shield", tries=3)
def raise_shield(environment: str, who: str, reason: str) -> str:
    """What was done, in words. Raised twice, it goes back to where it was before the first. Raises BadInput."""
    shield, objects = _both(environment)
    level = shield.security_level()
    if read_raised(objects, shield) is None:
        # Raised by hand, in the vendor's dashboard: where it was before that, nobody told us.
        before = shield.usual_level if level == UNDER_ATTACK else level
        raised = Raised(before, who, reason, time.time(), shield.shield_name)
        objects.put(_KEY, json.dumps(asdict(raised)).encode(), "application/json")
    shield.set_security_level(UNDER_ATTACK)
    speaker()(f"{environment} is shielded by {who} at {shield.shield_name}: {reason}; it was at {level!r}")
    return f"{environment} is shielded, every visitor's browser is checked first; it was at {level!r}"


@stage("lower the shield", tries=3)
def lower_shield(environment: str, who: str, reason: str) -> str:
    """What was done, in words. Harmless when it is not raised. Raises BadInput."""
    shield, objects = _both(environment)
    raised = read_raised(objects, shield)
    level = shield.security_level()
    if raised is None and level != UNDER_ATTACK:
        return f"{environment} is not shielded: it is at {level!r}"
    target = raised.before if raised else shield.usual_level
    shield.set_security_level(target)
    objects.delete(_KEY)
    speaker()(f"{environment} is back at {target!r}, says {who}: {reason}")
    return f"{environment} is back at {target!r}"


def read_raised(objects: Objects, shield: Shield) -> Raised | None:
    """Who raised this shield; None when it is not raised by us. One vendor's levels mean nothing to another."""
    content = objects.get(_KEY)
    found = Raised(**json.loads(content)) if content else None
    return found if found and found.shield in ("", shield.shield_name) else None


def _both(environment: str) -> tuple[Shield, Objects]:
    settings = load_environment(environment)
    shield = shield_of(settings)
    if shield is None:
        problem = f"{environment!r} has no shield in front of it"
        raise BadInput("environment", problem, "add [cloudflare] or [vercel] to its file, or name another")
    if settings.cloudflare and settings.vercel:
        speaker()("Cloudflare is in front of Vercel here: it is the shield, and Vercel's attack mode is left as it is")
    return shield, objects_of(settings)
