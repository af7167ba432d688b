"""The Prefect deployments of an environment: those declared, and those of ours that are declared no more."""

from __future__ import annotations

from functools import partial
from typing import Any

from deployments.registration.changes import Change, Step, step_towards
from deployments.registration.declared import Declared, our_tag
from deployments.registration.registry import Registry, Row

PLAIN = (
    "entrypoint",
    "description",
    "parameters",
    "parameter_openapi_schema",
    "enforce_parameter_schema",
    "work_pool_name",
    "work_queue_name",
    "job_variables",
    "pull_steps",
    "paused",
)
SCHEDULE_FIELDS = ("schedule", "active", "parameters", "max_scheduled_runs")


def deployment_steps(registry: Registry, declared: list[Declared]) -> list[Step]:
    """Add or change what is declared."""
    there = deployments_there(registry, declared[0].name)
    return [step for one in declared for step in _step(registry, one, there.get(one.full_name))]


def orphan_steps(registry: Registry, declared: list[Declared]) -> list[Step]:
    """Remove what carries our tag and the environment's name and is not declared. Never anything else."""
    name, wanted = declared[0].name, {one.full_name for one in declared}
    return [
        Step(Change("deployment", full, "remove"), partial(registry.send, "DELETE", f"/deployments/{row['id']}"))
        for full, row in deployments_there(registry, name).items()
        if full not in wanted and our_tag() in row["tags"] and name in row["tags"]
    ]


def deployments_there(registry: Registry, name: str) -> dict[str, Row]:
    """Those called `name`, by `flow/name`."""
    flows = registry.flow_names()
    rows = registry.all_of("deployments", {"deployments": {"name": {"any_": [name]}}})
    return {f"{flows[row['flow_id']]}/{name}": row for row in rows}


def _step(registry: Registry, one: Declared, row: Row | None) -> list[Step]:
    def do() -> None:
        flow = registry.post("/flows/", {"name": one.flow})
        registry.post("/deployments/", {"name": one.name, "flow_id": flow["id"], **_as_sent(one.body)})

    return step_towards("deployment", one.full_name, _as_declared(row) if row else None, one.body, do)


def _as_sent(body: dict[str, Any]) -> Row:
    """Schedules are replaced as a whole, so that one which is declared no more goes."""
    strategy = body["concurrency"]["collision_strategy"]
    return {
        **{key: body[key] for key in (*PLAIN, "tags")},
        "schedules": [{"slug": slug, **one} for slug, one in body["schedules"].items()],
        "concurrency_limit": body["concurrency"]["limit"],
        "concurrency_options": {"collision_strategy": strategy} if strategy else None,
    }


def _as_declared(row: Row) -> dict[str, Any]:
    limit, options = row["global_concurrency_limit"] or {}, row["concurrency_options"] or {}
    return {
        **{key: row[key] for key in PLAIN},
        "tags": sorted(row["tags"]),
        "schedules": {
            one["slug"] or f"without a slug: {one['id']}": {key: one[key] for key in SCHEDULE_FIELDS}
            for one in row["schedules"]
        },
        "concurrency": {"limit": limit.get("limit"), "collision_strategy": options.get("collision_strategy")},
    }
