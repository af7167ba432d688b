"""The verb that shows a pull request at an address of its own, and ends what it showed."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli.flow_verbs import Env, Json, Wait, absolute, run_flow


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(preview)


def preview(
    pull_request: Annotated[int, typer.Option(help="Its number.", min=1)],
    repo: Annotated[str, typer.Option(help="Git path or URL of the app, never a fork's.")] = ".",
    ref: Annotated[str, typer.Option(help="Branch, tag or commit of the pull request.")] = "HEAD",
    close: Annotated[bool, typer.Option("--close", help="End it: the copy, its variables, its database.")] = False,
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Show a pull request at an address of its own, with a database of its own, until it is closed.

    Example: pipeline preview --repo ../my-app --ref feature --pull-request 7
    """
    action = "close" if close else "open"
    parameters = {"repository": absolute(repo), "ref": ref, "pull_request": pull_request, "action": action}
    raise typer.Exit(run_flow("preview", env, parameters, wait, json))
