"""The verb that holds a release in flight where it is, or lets it go on."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from deployments.cli.flow_verbs import Env, Json, Wait, run_flow


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(hold)


def hold(
    app: Annotated[str, typer.Option(help="The app's name.")],
    place: Annotated[bool, typer.Option("--place/--release", help="Place a hold, or release it from one.")],
    reason: Annotated[str, typer.Option(help="Why; people will read it.")],
    who: Annotated[str, typer.Option(help="Your name; the one you are logged in as when left out.")] = "",
    id: Annotated[str, typer.Option("--id", help="The release's id; the one in flight when left out.")] = "",
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Keep a release at the weight it has, or let it go on. While it is held, bad evidence still takes it back.

    Example: pipeline hold --app my-app --place --reason "the phones ring, wait for support"
    """
    action = "place" if place else "release"
    parameters = {"app": app, "action": action, "reason": reason, "who": who or getpass.getuser(), "release": id}
    raise typer.Exit(run_flow("hold", env, parameters, wait, json))
