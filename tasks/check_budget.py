"""Asks, before anything is touched, whether the promise to the app's visitors leaves room for a release."""

from __future__ import annotations

import time

from infra.errors import Rejected
from tasks.availability import read_availability
from tasks.gates.budget import check_error_budget
from tasks.outcomes import GateClosed
from tasks.release import Release, speaker
from tasks.stage import Journey, stage


@stage("error budget", tries=3, journey=Journey(asks_anew=True, skipped="skipped"))
def check_budget(release: Release) -> str:
    """A stage of its own, so that policy may let a person skip it: what mends a broken promise must get out.

    Raises GateClosed where it is spent and the environment says "close".
    """
    promise, when_spent = release.settings.objective, release.settings.gates.error_budget
    try:
        counted = read_availability(release.platform.objects, release.app)
    except Rejected as damaged:
        if when_spent == "close":
            raise GateClosed(f"error budget: not known: {damaged.message}", damaged.hint) from damaged
        speaker()(f"error budget: not known: {damaged.message}")
        return "not known"
    budget = counted.budget(promise.availability, promise.days, time.time())
    fact = check_error_budget(release.app, budget, promise.days, when_spent)
    speaker()(f"error budget: {fact}")
    return fact
