"""The orchestrator: its API answers, with a version that this pipeline was made for."""

from __future__ import annotations

import httpx

from infra.doctor import Check
from infra.environment import Environment
from infra.errors import Rejected, Unreachable
from infra.prefect_access import START, ask_prefect, prefect_headers

MADE_FOR = "3."


def check_prefect(environment: Environment) -> list[Check]:
    """Its API, the flows of this environment, and somebody who runs them."""
    url, name = environment.prefect_url, environment.name
    return [
        Check("prefect", "API", lambda: _answers(url)),
        Check("prefect", "flows", lambda: _has_flows(url, name)),
        Check("prefect", "worker", lambda: _has_worker(url, name)),
    ]


def _has_flows(url: str, name: str) -> str:
    answer = ask_prefect(url, "POST", "/deployments/filter", {"deployments": {"name": {"any_": [name]}}})
    if not answer:
        how = "pipeline up" if name == "local" else f"pipeline deploy --env {name}"
        raise Rejected(f"no flow is registered for {name}", f"run `{how}`")
    return f"{len(answer)} are registered for {name}"


def _has_worker(url: str, name: str) -> str:
    answer = ask_prefect(url, "POST", f"/work_pools/{name}/workers/filter", {})
    online = [one for one in answer or [] if one.get("status") == "ONLINE"]
    if not online:
        raise Rejected(f"nobody takes runs from work pool {name}", f"start one: prefect worker start --pool {name}")
    return f"{len(online)} take runs from work pool {name}"


def _answers(url: str) -> str:
    try:
        health = httpx.get(f"{url}/health", timeout=5)
        version = httpx.get(f"{url}/admin/version", timeout=5, headers=prefect_headers())
    except httpx.TransportError as error:
        raise Unreachable(f"{url} gave no answer: {type(error).__name__}", START) from None
    if health.status_code != 200 or version.status_code != 200:
        raise Rejected(f"{url} answered {health.status_code}", "is it Prefect's API? its address ends in /api")
    found = str(version.json())
    if not found.startswith(MADE_FOR):
        raise Rejected(f"{url} is Prefect {found}", "this pipeline is made for Prefect 3")
    return f"Prefect {found} at {url}"
