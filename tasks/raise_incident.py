"""Opens an incident for what belongs to an environment and to no release."""

from __future__ import annotations

import datetime
import time

from infra.environment import load_environment
from infra.incidents import Incident, Priority
from infra.incidents.stored import StoredIncidents
from infra.platform import objects_of
from tasks.release import speaker
from tasks.stage import stage


@stage("raise incident", tries=3)
def raise_incident(environment: str, about: str, severity: Priority, title: str, body: str) -> str:
    """The incident's key; the same matter opens one incident a day, however often this runs."""
    key = f"{about}-{environment}-{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    StoredIncidents(objects_of(load_environment(environment))).open(Incident(key, severity, title, body, time.time()))
    speaker()(f"incident {key} ({severity}): {title}")
    return key
