"""Tells people what the orchestrator noticed about an environment, on the environment's channel."""

from __future__ import annotations

from infra.environment import load_environment
from infra.notify import Level, Message
from infra.notify.of_environment import notify_of
from tasks.release import speaker
from tasks.stage import stage


@stage("tell people", tries=3)
def tell_people(environment: str, title: str, body: str, level: Level, link: str) -> None:
    """One message. Raises what the channel raises."""
    notify_of(load_environment(environment)).send(Message(title, body, level, link))
    speaker()(f"{level}: {title}")
