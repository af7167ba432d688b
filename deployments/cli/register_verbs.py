"""The verb that makes an environment's flows known to its Prefect server."""

from __future__ import annotations

import typer

from deployments.cli.platform_verbs import Env, say
from deployments.register import register as register_flows
from deployments.register import worker_line
from infra.environment import load_environment


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(register)


def register(env: Env) -> None:
    """Register every flow for an environment at vendors, in a work pool of its name. May be repeated.

    The local platform does so by itself. Prints the line that starts a worker.
    """
    environment = load_environment(env)
    count = register_flows(environment, say)
    typer.echo(f"{count} flows are registered at {environment.prefect_url}; their worker, where the secrets are set:")
    typer.echo(f"  {worker_line(environment)}")
