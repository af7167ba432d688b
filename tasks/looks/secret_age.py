"""How old the secrets are of which anybody knows when they were written. Never what they are."""

from __future__ import annotations

import time
from collections.abc import Sequence

from infra.environment import load_environment
from infra.secret_ages import Secret, secrets_of
from tasks.looks import Finding, Look
from tasks.stage import stage

KIND = "secret age"
DAY_SECONDS = 86_400.0


@stage("look at the age of secrets", tries=3)
def look_at_secrets(environment: str) -> Look:
    """Variables at Vercel, blocks at the Prefect server, the local platform's own file."""
    settings = load_environment(environment)
    return judge(secrets_of(settings), settings.secrets.max_age_days, time.time())


def judge(secrets: Sequence[Secret], max_days: float, now: float) -> Look:
    """A finding for each that is too old; those without an age are named, and are none."""
    ages = {one.name: (now - one.written) / DAY_SECONDS for one in secrets if one.written is not None}
    unknown = sorted({one.name for one in secrets if one.written is None})
    found = [
        Finding(
            f"{name} is {days:.0f} days old, over {max_days:g}",
            "make a new one where it comes from, write it, end the old one",
        )
        for name, days in sorted(ages.items())
        if days > max_days
    ]
    oldest = f"the oldest of {len(ages)} is {max(ages.values()):.0f} days old" if ages else "none can tell its age"
    return Look(KIND, oldest + (f"; not known how old: {', '.join(unknown)}" if unknown else ""), tuple(found))
