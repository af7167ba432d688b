"""Verbs for what failed or died: go on with a release from the stage that failed, or finish what the dead left."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from deployments.cli.flow_verbs import Env, Json, Wait, run_flow
from deployments.cli.follow import follow
from deployments.prefect_api import FlowRun, PrefectApi
from infra.environment import load_environment
from infra.errors import BadInput
from infra.platform import objects_of


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (retry, recover):
        app.command()(verb)


def retry(
    run: Annotated[str, typer.Argument(help="The flow run's id or name, or the release's id.")],
    from_stage: Annotated[str, typer.Option(help="Do everything anew from this stage on.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it goes on record with the release.")] = "",
    who: Annotated[str, typer.Option(help="Your name; the one you are logged in as when left out.")] = "",
    env: Env = "local",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Go on with a release that failed, as the Retry button of the Prefect UI does.

    Finished stages are not done again: what they found is read from the object store, and asked whether it is still
    true. Example: pipeline retry v2-1a2b3c4d --from-stage "build candidate" --reason "the registry was down"
    """
    api = PrefectApi(load_environment(env).prefect_url)
    found = _find(api, env, run)
    if from_stage:
        _ask_to_redo(env, found, from_stage, reason, who or getpass.getuser())
    again = api.retry(found.id)
    if not wait:
        typer.echo(api.page(again.id))
        raise typer.Exit(0)
    raise typer.Exit(follow(api, again, json))


def recover(env: Env = "local", wait: Wait = True, json: Json = False) -> None:
    """Finish what dead processes left: releases in flight go back, ways back that failed are tried again.

    Harmless when there is nothing; never touches what the living hold.
    """
    raise typer.Exit(run_flow("recover", env, {}, wait, json))


def _find(api: PrefectApi, env: str, run: str) -> FlowRun:
    """By flow run, or by the release that it made."""
    from tasks.records import find_record  # takes seconds: it knows Prefect

    record = find_record(objects_of(load_environment(env)), run)
    return api.find_flow_run(record.flow_run if record else run)


def _ask_to_redo(env: str, run: FlowRun, stage: str, reason: str, who: str) -> None:
    import flows.release  # noqa: F401 - the stages register themselves when they are loaded
    from tasks.policy import request_rerun
    from tasks.records import list_records

    objects = objects_of(load_environment(env))
    made = [record for record in list_records(objects) if record.flow_run == run.id]
    if not made:
        raise BadInput("run", f"{run.name} is no release, so it has no stages to do anew", "leave out --from-stage")
    order = made[0].release
    request_rerun(objects, order.app, order.id, stage, reason, who)
