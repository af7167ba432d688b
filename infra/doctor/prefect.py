"""The orchestrator: its API answers, with a version that this pipeline was made for."""

from __future__ import annotations

import httpx

from infra.doctor import Check
from infra.environment import Environment
from infra.errors import Rejected, Unreachable

MADE_FOR = "3."


def check_prefect(environment: Environment) -> list[Check]:
    """One question."""
    return [Check("prefect", "API", lambda: _answers(environment.prefect_url))]


def _answers(url: str) -> str:
    try:
        health = httpx.get(f"{url}/health", timeout=5)
        version = httpx.get(f"{url}/admin/version", timeout=5)
    except httpx.TransportError as error:
        raise Unreachable(
            f"{url} gave no answer: {type(error).__name__}", "start Prefect, or mend prefect_api"
        ) from None
    if health.status_code != 200 or version.status_code != 200:
        raise Rejected(f"{url} answered {health.status_code}", "is it Prefect's API? its address ends in /api")
    found = str(version.json())
    if not found.startswith(MADE_FOR):
        raise Rejected(f"{url} is Prefect {found}", "this pipeline is made for Prefect 3")
    return f"Prefect {found} at {url}"
