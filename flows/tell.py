"""Tells people something on the environment's channel; what Prefect's automations start when they notice it."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import outcome
from infra.notify import Level
from tasks.tell_people import tell_people

TOLD = "Told"


@flow(name="tell", flow_run_name="tell: {title}")
def tell(
    title: str, body: str = "", level: Level = "warning", link: str = "", environment: str = "local"
) -> State[Any]:
    """Send one message to the people of an environment. Ends Told.

    Args:
        title: What happened, in one line
        body: Details, and what to do about it
        level: How urgent it is
        link: Where to look
        environment: Whose people are told
    """
    tell_people(environment, title, body, level, link)
    return outcome.completed(TOLD, title)
