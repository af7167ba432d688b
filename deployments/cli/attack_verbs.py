"""The verb that raises the shield in front of an environment while it is attacked, or lowers it again."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from deployments.cli.flow_verbs import Env, Json, Wait, run_flow


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("under-attack")(under_attack)


def under_attack(
    place: Annotated[bool, typer.Option("--place/--lift", help="Raise the shield, or lower it to where it was.")],
    reason: Annotated[str, typer.Option(help="Why; people will read it.")],
    env: Env,
    who: Annotated[str, typer.Option(help="Your name; the one you are logged in as when left out.")] = "",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Have every visitor's browser checked before it gets in, while an environment is attacked.

    Example: pipeline under-attack --place --env production --reason "20 000 requests a second from everywhere"
    """
    action = "place" if place else "lift"
    parameters = {"action": action, "reason": reason, "who": who or getpass.getuser()}
    raise typer.Exit(run_flow("under-attack", env, parameters, wait, json))
