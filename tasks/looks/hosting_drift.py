"""Whether somebody changed at Vercel by hand what the pipeline looks after: variables, and what is live."""

from __future__ import annotations

from infra.edge.vercel_slots import SlotBook
from infra.environment import Environment, load_environment
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_variables import Difference, VercelVariables
from infra.platform import objects_of
from infra.vendor_platform import PLAIN, vercel_settings
from tasks.looks import Finding, Look, undisturbed
from tasks.stage import stage

KIND = "hosting drift"
STATES = {
    "missing": "is missing at Vercel",
    "differs": "has another value at Vercel than here",
    "unknown": "was written at Vercel by somebody else, so that nobody can compare it",
}


@stage("look at the hosting", tries=3)
def look_at_hosting(environment: str) -> Look:
    """The project's variables against the environment's file, and what the domain serves against the slots."""
    settings = load_environment(environment)
    if settings.vercel is None:
        return Look(KIND, f"{environment} has no [vercel]: nobody but us can change its hosting")
    return undisturbed(settings, KIND, lambda: _look(settings))


def _look(environment: Environment) -> Look:
    project = VercelProject(vercel_settings(environment))
    plain = (*PLAIN, *environment.app.variables)
    wanted = {**environment.app.variables, **environment.app.secrets()}
    compared = VercelVariables(project, plain).compare(wanted, "production")
    found = [*different(compared), *_by_hand(environment, project)]
    return Look(
        KIND,
        f"{len(compared)} variables of {environment.name}.toml, and what {project.settings.domain} serves",
        tuple(found),
    )


def different(compared: list[Difference]) -> list[Finding]:
    """One finding for each variable that is not as it should be; never its value."""
    todo = "the next release writes it; where Vercel is right, change the environment's file (a new token changes all)"
    return [Finding(f"{one.key} {STATES[one.state]}", todo) for one in compared if one.state != "same"]


def _by_hand(environment: Environment, project: VercelProject) -> list[Finding]:
    slots = SlotBook(objects_of(environment), environment.app.name).read()
    place, serving = (slots.at(slots.live) if slots.live else None), project.serving()
    if place is None or place.vercel_id == serving:
        return []
    left = f"{place.target.version} ({place.vercel_id})"
    return [
        Finding(
            f"{project.settings.domain} serves {serving or 'nothing'}, and the pipeline left {left} live there",
            "release what should be live, or `pipeline rollback`: who promotes at Vercel goes past gates and records",
        )
    ]
