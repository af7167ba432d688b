"""How much is left of what was promised to the visitors of each app."""

from __future__ import annotations

import time

from infra.environment import load_environment
from infra.platform import objects_of
from tasks.analysis.error_budget import Budget
from tasks.availability import read_availability
from tasks.looks import Finding, Look
from tasks.records import released_apps
from tasks.stage import stage

KIND = "error budget"
LOW = 0.25


@stage("look at the error budget", tries=3)
def look_at_budget(environment: str) -> Look:
    """Of every app that was released in the environment."""
    settings = load_environment(environment)
    objects, promise = objects_of(settings), settings.objective
    found = {
        app: read_availability(objects, app).budget(promise.availability, promise.days, time.time())
        for app in released_apps(objects)
    }
    left = ", ".join(f"{app} {budget.left:.0%}" for app, budget in found.items())
    findings = [finding for app, budget in found.items() if (finding := judge(app, budget, promise.days))]
    return Look(KIND, f"left over {promise.days} days: {left or 'nothing was released yet'}", tuple(findings))


def judge(app: str, budget: Budget, days: int) -> Finding | None:
    """Told below a quarter; an incident once it is spent."""
    if budget.left >= LOW:
        return None
    counts = f"{budget.failures} of {budget.requests} requests failed within {days} days, {budget.allowed:.1f} may"
    if budget.left > 0:
        return Finding(f"{app} has {budget.left:.0%} left: {counts}", "release what mends it before what is new", None)
    todo = 'mend what fails before anything new is released; gates.error_budget = "close" makes sure of it'
    return Finding(f"{app} has spent it: {counts}", todo, "P2")
