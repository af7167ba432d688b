"""The channel of an environment, which needs no app."""

from __future__ import annotations

from infra.environment import Environment
from infra.notify import Notify
from infra.notify.logbook import Logbook


def notify_of(environment: Environment) -> Notify:
    """A file beside the environment's state, which needs no account."""
    return Logbook(environment.state / "notifications.jsonl")
