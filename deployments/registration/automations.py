"""The automations of an environment on its server: those of the table, and none of ours beside them."""

from __future__ import annotations

from functools import partial
from typing import Any

from prefect.events.schemas.automations import EventTrigger

from deployments.registration.automation_table import Automation, automations_for
from deployments.registration.changes import Change, Step, step_towards
from deployments.registration.declared import our_tag
from deployments.registration.flow_deployments import deployments_there
from deployments.registration.registry import Registry, Row
from deployments.registration.webhook import block_name, find_webhook, webhook_id
from infra.environment import Environment

# The server fills in more, which an action of ours does not use.
ACTION_FIELDS = (
    "type",
    "source",
    "deployment",
    "parameters",
    "schedule_after",
    "payload",
    "webhook",
    "state",
    "message",
)


def automation_steps(registry: Registry, environment: Environment) -> list[Step]:
    """Add, change, and last remove those that carry our tag and the environment's and are in the table no more."""
    wanted = automations_for(environment, our_tag())
    there = _there(registry, environment)
    ids = {row["id"]: name for name, row in deployments_there(registry, environment.name).items()}
    if webhook := find_webhook(registry, environment):
        ids[webhook["id"]] = block_name(environment)
    steps = [step for one in wanted for step in _step(registry, environment, one, there.get(one.name), ids)]
    kept = {row["id"] for name, row in there.items() if name in {one.name for one in wanted}}
    gone = [row for row in _ours(registry, environment) if row["id"] not in kept]
    return [*steps, *(_removal(registry, row) for row in gone)]


def _there(registry: Registry, environment: Environment) -> dict[str, Row]:
    """Ours, by name; of two with one name, which two deploys at once can make, the older."""
    rows = sorted(_ours(registry, environment), key=lambda row: str(row["created"]), reverse=True)
    return {row["name"]: row for row in rows}


def _ours(registry: Registry, environment: Environment) -> list[Row]:
    rows = registry.all_of("automations", {"automations": {"tags": {"any_": [our_tag()]}}})
    return [row for row in rows if {our_tag(), environment.name} <= set(row["tags"])]


def _removal(registry: Registry, row: Row) -> Step:
    return Step(
        Change("automation", row["name"], "remove"), partial(registry.send, "DELETE", f"/automations/{row['id']}")
    )


def _step(
    registry: Registry, environment: Environment, one: Automation, row: Row | None, ids: dict[str, str]
) -> list[Step]:
    after = {
        "description": one.description,
        "enabled": True,
        "tags": sorted([our_tag(), environment.name]),
        "trigger": _comparable(EventTrigger.model_validate(one.trigger).model_dump(mode="json")),
        "actions": [_action(action, {}) for action in one.actions],
    }

    def do() -> None:
        body = {**after, "name": one.name, "trigger": one.trigger, "actions": _with_ids(registry, environment, one)}
        if row:
            registry.send("PUT", f"/automations/{row['id']}", body)
        else:
            registry.post("/automations/", body)

    return step_towards("automation", one.name, _as_declared(row, ids) if row else None, after, do)


def _as_declared(row: Row, ids: dict[str, str]) -> dict[str, Any]:
    return {
        "description": row["description"],
        "enabled": row["enabled"],
        "tags": sorted(row["tags"]),
        "trigger": _comparable(row["trigger"]),
        "actions": [_action(action, ids) for action in row["actions"]],
    }


def _comparable(trigger: Row) -> Row:
    """Without its id, and what is a set in an order."""
    return {
        key: sorted(value) if key in ("after", "expect", "for_each") else value
        for key, value in trigger.items()
        if key != "id"
    }


def _action(action: Row, ids: dict[str, str]) -> Row:
    """With the name of its deployment instead of the id, and only with what an action of ours has."""
    named = dict(action)
    for field, key in (("deployment", "deployment_id"), ("webhook", "block_document_id")):
        if named.get(key):
            named[field] = ids.get(named[key], "(one that is gone)")
    return {key: named[key] for key in ACTION_FIELDS if named.get(key) not in (None, 0, 0.0)}


def _with_ids(registry: Registry, environment: Environment, one: Automation) -> list[Row]:
    """Known only now: what the actions need was made a moment ago."""
    there = deployments_there(registry, environment.name)
    return [_with_id(registry, environment, dict(action), there) for action in one.actions]


def _with_id(registry: Registry, environment: Environment, action: Row, there: dict[str, Row]) -> Row:
    if "deployment" in action:
        action["deployment_id"] = there[action.pop("deployment")]["id"]
    if action.pop("webhook", ""):
        action["block_document_id"] = webhook_id(registry, environment)
    return action
