"""The deployments that `prefect.yaml` declares for an environment, as Prefect's API takes and gives them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import yaml
from prefect import Flow
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.utilities.callables import parameter_schema

from infra.environment import PROJECT_FOLDER, Environment
from infra.errors import BadInput

SCHEDULE_KEYS = ("cron", "interval", "rrule", "timezone", "anchor_date")


@dataclass(frozen=True)
class Declared:
    """One deployment: `flow` is the flow's name, `body` what is compared with the server's.

    In `body`, `schedules` are by slug, and `concurrency` has `limit` and `collision_strategy`.
    """

    flow: str
    name: str
    body: dict[str, Any]

    @property
    def full_name(self) -> str:
        """`flow/name`, as Prefect has it."""
        return f"{self.flow}/{self.name}"


def table() -> dict[str, Any]:
    """`prefect.yaml` with its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text())
    return found


def our_tag() -> str:
    """What marks everything on a server that this project registered, and may remove."""
    return str(table()["name"])


def declared_for(environment: Environment) -> list[Declared]:
    """Every flow for an environment. One whose name `prefect.yaml` does not have is declared as its kind is.

    Raises BadInput when there is neither.
    """
    rows = table()["deployments"]
    names = {row["name"] for row in rows}
    like = environment.name if environment.name in names else environment.kind
    found = [_declared(environment.name, row) for row in rows if row["name"] == like]
    if not found:
        raise BadInput("prefect.yaml", f"declares nothing for {like}", f"add its lines; it has {', '.join(names)}")
    return found


def flow_at(entrypoint: str) -> Flow[..., Any]:
    """The flow of `path/to/file.py:name`."""
    path, name = entrypoint.split(":")
    found = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert isinstance(found, Flow), entrypoint
    return found


def _declared(name: str, row: dict[str, Any]) -> Declared:
    flow = flow_at(row["entrypoint"])
    pool = row["work_pool"]
    limit = row.get("concurrency_limit") or {}
    body = {
        "entrypoint": row["entrypoint"],
        "description": row["description"],
        "tags": sorted({*row.get("tags", []), name, our_tag()}),
        "parameters": {**row.get("parameters", {}), "environment": name},
        "parameter_openapi_schema": _without_empty(parameter_schema(flow).model_dump(mode="json")),
        "enforce_parameter_schema": True,
        "work_pool_name": name if pool["name"] == row["name"] else pool["name"],
        "work_queue_name": pool["work_queue_name"],
        "job_variables": pool["job_variables"],
        # Not resolved here: on the worker's host, when a run begins.
        "pull_steps": table()["pull"],
        # A deployment that somebody paused makes no run, and says nothing of it.
        "paused": False,
        "schedules": {one["slug"]: _schedule(one) for one in row.get("schedules", [])},
        "concurrency": {"limit": limit.get("limit"), "collision_strategy": limit.get("collision_strategy")},
    }
    return Declared(flow.name, name, body)


def _without_empty(schema: dict[str, Any]) -> dict[str, Any]:
    """The server keeps no empty `required` and `definitions`."""
    return {key: value for key, value in schema.items() if value or key == "properties"}


def _schedule(one: dict[str, Any]) -> dict[str, Any]:
    """As the server gives it back: Prefect's own classes fill in what is left out."""
    timing = {key: one[key] for key in SCHEDULE_KEYS if key in one}
    made = DeploymentScheduleCreate.model_validate(
        {
            "schedule": timing,
            "active": one.get("active", True),
            "slug": one["slug"],
            "parameters": one.get("parameters", {}),
        }
    )
    return made.model_dump(mode="json", include={"schedule", "active", "parameters", "max_scheduled_runs"})
