"""The Vercel project: token, project, domain, plan, protection bypass, variables."""

from __future__ import annotations

from functools import partial

from infra.doctor import Check
from infra.edge.vercel_rolling import RollingReleases
from infra.environment import Environment
from infra.errors import Rejected
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_variables import VercelVariables
from infra.vendor_platform import PLAIN, vercel_settings

PART = "vercel"


def check_vercel(environment: Environment) -> list[Check]:
    """Each question asks anew: one that fails says nothing of the others."""
    if environment.vercel is None:
        return [Check(PART, "project", partial(_project, environment))]
    checks = {
        "token and project": _project,
        "domain": _domain,
        "rolling releases": _rolling,
        "protection bypass": _bypass,
        "variables": _variables,
    }
    return [Check(PART, name, partial(ask, environment)) for name, ask in checks.items()]


def _of(environment: Environment) -> VercelProject:
    return VercelProject(vercel_settings(environment))


def _project(environment: Environment) -> str:
    found = _of(environment).read()
    return f"{found.name} ({found.id})"


def _domain(environment: Environment) -> str:
    project = _of(environment)
    serving = project.serving()
    if serving is None:
        domain = project.settings.domain
        if next(project.copies(), None) is None:
            return f"{domain} leads to no deployment: nothing was released yet, and the first release promotes itself"
        raise Rejected(f"{domain} leads to no deployment, though there are some", "add the domain to the project")
    return f"{project.settings.domain} leads to {serving}"


def _rolling(environment: Environment) -> str:
    rolling = RollingReleases(_of(environment), environment.canary.weights)
    rolling.check_plan()
    if not rolling.is_wanted:
        return "not wanted: canary.weights goes straight to 100"
    weights = ", ".join(map(str, environment.canary.weights))
    return f"the plan has them, for the weights {weights}"


def _bypass(environment: Environment) -> str:
    project = _of(environment)
    if not project.bypass:
        raise Rejected(
            "no secret is named: deployments with Vercel Authentication refuse smoke tests",
            'add a Protection Bypass for Automation to the project, and bypass = "env:NAME" to [vercel]',
        )
    return "a secret is named; the first smoke test shows whether it is the project's"


def _variables(environment: Environment) -> str:
    wanted = {**environment.app.variables, **environment.app.secrets()}
    found = VercelVariables(_of(environment), (*PLAIN, *environment.app.variables)).compare(wanted, "production")
    counts = {state: [one.key for one in found if one.state == state] for state in ("missing", "differs", "unknown")}
    told = "; ".join(f"{len(keys)} {state} ({', '.join(keys)})" for state, keys in counts.items() if keys)
    # No fault: the next release writes them.
    return f"{len(found)} wanted, {told or 'all there'}" + (": the next release writes them" if told else "")
