"""How old the secrets are of which anybody knows when they were written. Never what they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from infra.environment import Environment, load_environment
from infra.environment.blocks import PREFIX
from infra.environment.secret import secret_places
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_variables import VercelVariables
from infra.prefect_records import block_written
from infra.vendor_platform import vercel_settings
from tasks.looks import Finding, Look
from tasks.stage import stage

KIND = "secret age"
DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Secret:
    """Something secret by name; `written` is None where nobody can tell (else seconds since the epoch)."""

    name: str
    written: float | None = None


@stage("look at the age of secrets", tries=3)
def look_at_secrets(environment: str) -> Look:
    """Variables at Vercel, blocks at the Prefect server, the local platform's own file."""
    settings = load_environment(environment)
    return judge(list(_secrets(settings)), settings.secrets.max_age_days, time.time())


def judge(secrets: list[Secret], max_days: float, now: float) -> Look:
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


def _secrets(environment: Environment) -> Iterator[Secret]:
    for _, place in secret_places(environment.model_dump()):
        yield _block(environment, place) if place.startswith(PREFIX) else Secret(place)
    if environment.vercel:
        for one in VercelVariables(VercelProject(vercel_settings(environment))).read():
            if one.type != "plain" and not one.git_branch:
                targets = ", ".join(sorted(one.targets))
                yield Secret(f"variable {one.key} at Vercel ({targets})", one.updated / 1000 if one.updated else None)
    credentials = environment.state / "credentials.json"
    if environment.kind == "local" and credentials.exists():
        yield Secret(f"the local platform's {credentials.name}", credentials.stat().st_mtime)


def _block(environment: Environment, place: str) -> Secret:
    kind, _, name = place.removeprefix(PREFIX).partition("/")
    return Secret(place, block_written(environment.prefect_url, kind, name))
