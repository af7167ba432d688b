"""Whether somebody changed at the hosting by hand what the pipeline looks after: variables, and what is live."""

from __future__ import annotations

from collections.abc import Sequence

from infra.environment import Environment, load_environment
from infra.hosting.drift import HostingDrift, hosting_drift
from infra.hosting.vercel_variables import Difference
from tasks.looks import Finding, Look, undisturbed
from tasks.stage import stage

KIND = "hosting drift"
STATES = {
    "missing": "is missing at the hosting",
    "differs": "has another value at the hosting than here",
    "unknown": "was written at the hosting by somebody else, so that nobody can compare it",
}


@stage("look at the hosting", tries=3)
def look_at_hosting(environment: str) -> Look:
    """The project's variables against the environment's file, and what the domain serves against the slots."""
    settings = load_environment(environment)
    return undisturbed(settings, KIND, lambda: _look(settings))


def _look(environment: Environment) -> Look:
    drift = hosting_drift(environment)
    if drift is None:
        return Look(KIND, f"{environment.name} is hosted by us: nobody else changes it")
    fact = f"{len(drift.variables)} variables of {environment.name}.toml, and what {drift.domain} serves"
    return Look(KIND, fact, (*different(drift.variables), *_by_hand(drift)))


def different(compared: Sequence[Difference]) -> list[Finding]:
    """One finding for each variable that is not as it should be; never its value."""
    todo = (
        "the next release writes it; is the other side right, change the environment's file (a new token changes all)"
    )
    return [Finding(f"{one.key} {STATES[one.state]}", todo) for one in compared if one.state != "same"]


def _by_hand(drift: HostingDrift) -> list[Finding]:
    if not drift.left:
        return []
    return [
        Finding(
            f"{drift.domain} serves {drift.serving}, and the pipeline left {drift.left} live there",
            "release what should be live, or `pipeline rollback`: who promotes by hand goes past gates and records",
        )
    ]
