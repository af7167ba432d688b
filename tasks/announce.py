"""Tells people how a release ended, and opens an incident where they must act or learn."""

from __future__ import annotations

import time

from infra.errors import PipelineError
from infra.incidents import Incident, Priority
from infra.notify import Level, Message
from tasks.release import Release, speaker
from tasks.stage import stage


@stage("announce", tries=3)
def announce(release: Release, title: str, body: str, level: Level) -> None:
    """One message to the environment's channel."""
    release.platform.notify.send(Message(title, body, level))
    speaker()(title)


@stage("open incident", tries=3)
def open_incident(release: Release, severity: Priority, title: str, body: str) -> str:
    """The incident's key; a release opens one incident however often this runs, and one more where it is P1."""
    key = f"release-{release.id}" + ("-p1" if severity == "P1" else "")
    incident = Incident(key, severity, title, body, time.time())
    release.platform.incidents.open(incident)
    speaker()(f"incident {incident.key} ({severity}): {title}")
    return incident.key


def one_line(error: BaseException) -> str:
    """An error's first line, for a state message, a record or a table."""
    text = error.message if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}"
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
