"""Whether somebody changed the schema of an app behind the pipeline's back."""

from __future__ import annotations

from infra.environment import Environment, load_environment
from infra.platform import objects_of
from tasks.looks import Finding, Look, undisturbed
from tasks.release import platform_of
from tasks.schema.left import apps_left, drift_of
from tasks.stage import stage

KIND = "schema drift"
SHOWN = 5


@stage("look at the schema", tries=3)
def look_at_schema(environment: str) -> Look:
    """Each app's schema against what was left by the last that changed or verified it."""
    settings = load_environment(environment)
    return undisturbed(settings, KIND, lambda: _look(settings))


def _look(environment: Environment) -> Look:
    found = {app: drift_of(platform_of(environment.name, app)) for app in apps_left(objects_of(environment))}
    findings = [
        Finding(
            f"{app}: {len(drifted)} parts are not as {left} left them: {shown(drifted)}",
            "take it back, or bring it into a revision; where it is meant, `pipeline migrate verify` takes it as left",
        )
        for app, (left, drifted) in found.items()
        if drifted
    ]
    as_left = ", ".join(f"{app} since {left}" for app, (left, drifted) in found.items() if left and not drifted)
    nothing = "" if found else "no release left a schema yet"
    return Look(KIND, nothing or f"as it was left: {as_left or 'none'}", tuple(findings))


def shown(lines: list[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more
