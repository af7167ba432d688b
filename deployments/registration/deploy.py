"""The whole of it: what would have to change on an environment's Prefect server, and changing it."""

from __future__ import annotations

from deployments.registration.automations import automation_steps
from deployments.registration.block_types import block_type_steps
from deployments.registration.changes import Change, Step
from deployments.registration.declared import Declared, declared_for
from deployments.registration.flow_deployments import deployment_steps, orphan_steps
from deployments.registration.pools import pool_steps
from deployments.registration.registry import WHERE, Registry
from deployments.registration.webhook import old_webhook_steps, webhook_steps
from infra.commands import Say
from infra.environment import Environment
from infra.errors import Unknown


def steps_for(environment: Environment) -> list[Step]:
    """In the order in which they need each other; empty when the server has what is declared. Changes nothing.

    Raises Unreachable when the server is silent, Unknown when it answers as Prefect would not.
    """
    registry, declared = Registry(environment.prefect_url), declared_for(environment)
    try:
        return _steps(registry, environment, declared)
    except (KeyError, TypeError) as error:
        missing = f"{type(error).__name__}: {error}"
        raise Unknown(f"{registry.url} answered with rows that Prefect 3 would not give ({missing})", WHERE) from error


def _steps(registry: Registry, environment: Environment, declared: list[Declared]) -> list[Step]:
    return [
        *pool_steps(registry, environment),
        *block_type_steps(registry),
        *webhook_steps(registry, environment),
        *deployment_steps(registry, declared),
        *automation_steps(registry, environment),
        *old_webhook_steps(registry, environment),
        *orphan_steps(registry, declared),
    ]


def make(steps: list[Step], say: Say) -> None:
    """One after the other. Stopped in between, the next call finds what is left: each step may be done again."""
    for step in steps:
        step.do()
        say(line_of(step.change))


def line_of(change: Change) -> str:
    """One line for people."""
    done = {"add": "+", "change": "~", "remove": "-"}[change.act]
    return f"{done} {change.kind} {change.name}"
