"""What a Prefect server says of an environment: which of its flows somebody stopped, how old a block is, what runs."""

from __future__ import annotations

import datetime
from typing import Any

from infra.errors import Unknown
from infra.prefect_access import ask_prefect

TAG = "securyflex-pipeline"  # what marks the deployments that this project registered
PAGE = 200


def stopped_flows(url: str, environment: str) -> tuple[int, list[str]]:
    """How many flows are registered for the environment; and, in words, what of theirs makes no run by itself."""
    wanted = {"name": {"any_": [environment]}, "tags": {"all_": [TAG]}}
    found = _rows(url, "/deployments/filter", {"deployments": wanted, "limit": PAGE})
    names = {row["id"]: row["name"] for row in _rows(url, "/flows/filter", {"deployments": wanted, "limit": PAGE})}
    lines = []
    for row in found:
        flow = names.get(row["flow_id"], row["flow_id"])
        if row["paused"]:
            lines.append(f"deployment {flow}/{environment} is paused")
        lines += [
            f"schedule {one['slug'] or one['id']} of {flow}/{environment} is not active"
            for one in row["schedules"]
            if not one["active"]
        ]
    return len(found), sorted(lines)


def block_written(url: str, kind: str, name: str) -> float | None:
    """When a block was written last (seconds since the epoch); None where there is none. Its values are not asked."""
    row = ask_prefect(url, "GET", f"/block_types/slug/{kind}/block_documents/name/{name}")
    if row is None:
        return None
    try:
        return datetime.datetime.fromisoformat(row["updated"]).timestamp()
    except (KeyError, TypeError, ValueError):
        # Not the answer itself: it may hold the secret.
        raise Unknown(f"{url} does not say when block {kind}/{name} was written", "is that Prefect's API?") from None


def running(url: str, flow: str, environment: str) -> list[str]:
    """The ids of the runs of a flow that are under way in an environment, the first that began first."""
    wanted = {
        "flows": {"name": {"any_": [flow]}},
        "deployments": {"name": {"any_": [environment]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}},
    }
    rows = _rows(url, "/flow_runs/filter", {**wanted, "sort": "START_TIME_ASC"})
    return [str(row["id"]) for row in rows]


def _rows(url: str, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    found = ask_prefect(url, "POST", path, body)
    if not isinstance(found, list):
        raise Unknown(f"{url}{path} gave no list", "is that Prefect's API? its address ends in /api")
    return found
