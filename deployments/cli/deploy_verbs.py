"""The verb that shows how an environment's Prefect server differs from what is declared, and makes it equal."""

from __future__ import annotations

import json as jsonlib
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from deployments.cli.platform_verbs import Env, Json, say
from infra.environment import Environment, load_environment

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing. Without a terminal nothing is asked anyway.")]


def add_to(app: typer.Typer) -> None:
    """Register the verb, and its former name for who has that in a script."""
    app.command()(deploy)
    app.command(name="register", hidden=True)(deploy)


def deploy(env: Env, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Register an environment's flows, work pool, schedules, automations and block types with its Prefect server.

    Shows what differs first; changes nothing where nothing does. Removes only what this project registered there.
    """
    # Imports Prefect and every flow, which costs seconds that the other verbs need not wait for.
    from deployments.cli.deploy_view import show
    from deployments.registration.deploy import make, steps_for
    from deployments.registration.worker import worker_line

    environment = load_environment(env)
    steps = steps_for(environment)
    if not json:
        show([step.change for step in steps], environment.prefect_url)
    is_done = bool(steps) and not dry_run and (yes or json or _may(environment, len(steps)))
    if is_done:
        make(steps, say)
    if json:
        changes = [asdict(step.change) for step in steps]
        print(jsonlib.dumps({"environment": env, "changes": changes, "is_done": is_done, "is_equal": not steps}))
    elif is_done:
        typer.echo(f"done: {len(steps)} changes at {environment.prefect_url}")
    if not json and not dry_run:
        typer.echo(f"the worker, where the secrets are set:\n  {worker_line(environment)}")


def _may(environment: Environment, count: int) -> bool:
    """A person at a terminal is asked, a script is not."""
    if not sys.stdin.isatty():
        return True
    return typer.confirm(f"make these {count} changes at {environment.prefect_url}?")
