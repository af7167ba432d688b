"""What somebody changed by hand at the hosting: variables, and what is live. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from infra.edge.vercel_slots import SlotBook
from infra.environment import Environment
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_variables import Difference, VercelVariables
from infra.platform import objects_of
from infra.vendor_platform import PLAIN, vercel_settings


@dataclass(frozen=True)
class HostingDrift:
    """`domain` serves `serving`, and `left` was left live there; both empty where that is one and the same."""

    domain: str
    variables: tuple[Difference, ...]
    serving: str = ""
    left: str = ""


def hosting_drift(environment: Environment) -> HostingDrift | None:
    """None where the hosting is a machine of ours: nobody else changes that."""
    if environment.vercel is None:
        return None
    project = VercelProject(vercel_settings(environment))
    wanted = {**environment.app.variables, **environment.app.secrets()}
    variables = VercelVariables(project, (*PLAIN, *environment.app.variables)).compare(wanted, "production")
    slots, serving = SlotBook(objects_of(environment), environment.app.name).read(), project.serving()
    place = slots.at(slots.live) if slots.live else None
    if place is None or place.vercel_id == serving:
        return HostingDrift(project.settings.domain, tuple(variables))
    left = f"{place.target.version} ({place.vercel_id})"
    return HostingDrift(project.settings.domain, tuple(variables), serving or "nothing", left)
