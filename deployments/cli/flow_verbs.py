"""Verbs that start a flow run and follow it. Each is one flow of `prefect.yaml`, also runnable from the UI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli.follow import follow
from deployments.prefect_api import PrefectApi
from infra.environment import load_environment

Env = Annotated[str, typer.Option("--env", help="Which environment.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output when it is over.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run to its end, or only start it.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (release, rollback, abort, backup):
        app.command()(verb)


def run_flow(flow: str, environment: str, parameters: dict[str, Any], wait: bool, as_json: bool) -> int:
    """Start `flow` in its environment; the exit code of its outcome, or 0 when nobody waits."""
    settings = load_environment(environment)
    api = PrefectApi(settings.prefect_url)
    run = api.start(flow, settings.name, {"environment": environment, **parameters})
    if wait:
        return follow(api, run, as_json)
    typer.echo(api.page(run.id))
    return 0


def release(
    ref: Annotated[str, typer.Option(help="Branch, tag or commit.")],
    repo: Annotated[str, typer.Option(help="Git path or URL of the app; its pipeline.toml says how to run it.")] = ".",
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Release a ref of a repository to everyone, or take it back when the evidence says so.

    Example: pipeline release --repo ../my-app --ref main
    """
    raise typer.Exit(run_flow("release", env, {"repository": absolute(repo), "ref": ref}, wait, json))


def rollback(
    app: Annotated[str, typer.Option(help="The app's name.")],
    reason: Annotated[str, typer.Option(help="Why; people will read it.")],
    release: Annotated[str, typer.Option(help="The bad release's id, commit or label; refused when not live.")] = "",
    to_newer: Annotated[bool, typer.Option("--to-newer", help="Go also to a version that was taken back.")] = False,
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """After promotion: make the previous version, which is kept warm, live again; asked twice it does so once."""
    parameters = {"app": app, "reason": reason, "release": release, "to_newer": to_newer}
    raise typer.Exit(run_flow("rollback", env, parameters, wait, json))


def abort(
    app: Annotated[str, typer.Option(help="The app's name.")],
    reason: Annotated[str, typer.Option(help="Why; people will read it.")] = "a person asked for it",
    release: Annotated[
        str, typer.Option(help="The release's id, commit or label; the one in flight when left out.")
    ] = "",
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Stop the release in flight and take it back the way it came; also finishes a way back that failed."""
    parameters = {"app": app, "reason": reason, "release": release}
    raise typer.Exit(run_flow("abort", env, parameters, wait, json))


def backup(env: Env = "local", name: str = "manual", wait: Wait = True, json: Json = False) -> None:
    """A full copy of the database to the object store."""
    raise typer.Exit(run_flow("backup", env, {"name": name}, wait, json))


def absolute(repository: str) -> str:
    """The worker has another working folder than the person who types."""
    return str(Path(repository).resolve()) if Path(repository).exists() else repository
