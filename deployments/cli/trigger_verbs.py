"""The verbs for a code host: an event in, a flow run followed to its end; and a bare repository in GitHub's place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from deployments.cli import exit_codes
from deployments.prefect_wire import AUTH_STRING
from deployments.trigger import obey as obeying
from deployments.trigger.decide import BRANCHES, PREVIEWS, branches_of, decide, refuse_forks
from deployments.trigger.event import Event, read_event
from deployments.trigger.job_log import JobLog
from deployments.trigger.obey import EndNotSeen, Job
from deployments.trigger.order import FIELDS, Order, order_of
from deployments.trigger.post_receive import install
from deployments.trigger.signals import Interrupted
from deployments.trigger.silence import OutOfReach
from deployments.trigger.summary import Summary
from infra.environment import Environment, load_environment
from infra.errors import BadInput, PipelineError

_FIELD_OF = {"repo": "repository", "pull-request": "pull_request"}


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(trigger)
    app.command("trigger-on-push")(trigger_on_push)


def trigger(
    flow: Annotated[str, typer.Option(help="What to run; what the event asks for when left out.")] = "",
    env: Annotated[str, typer.Option("--env", help="Which environment; with --flow.")] = "",
    ref: Annotated[
        str, typer.Option(help="release, preview: branch, tag or commit; the event's commit when left out.")
    ] = "",
    repo: Annotated[
        str, typer.Option(help="release, preview: what git clones; the event's repository when left out.")
    ] = "",
    name: Annotated[str, typer.Option("--app", help="The app, for the flows that are about one.")] = "",
    action: Annotated[
        str, typer.Option(help="hold: place, release. under-attack: place, lift. preview: open, close.")
    ] = "",
    pull_request: Annotated[str, typer.Option(help="preview: the pull request's number.")] = "",
    release: Annotated[
        str, typer.Option(help="rollback, abort, hold: the release that is meant; refused when it is another.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; people will read it.")] = "",
    branches: Annotated[
        str, typer.Option(envvar="PIPELINE_BRANCHES", help="Which branch is released where: branch=environment,...")
    ] = BRANCHES,
    previews: Annotated[
        str, typer.Option(envvar="PIPELINE_PREVIEWS", help="Which environment shows pull requests.")
    ] = PREVIEWS,
    silence_seconds: Annotated[
        float, typer.Option(envvar="PIPELINE_SILENCE_SECONDS", help="How long Prefect may be silent.", min=0)
    ] = 300,
    ask_back: Annotated[
        bool, typer.Option("--ask-back", help="Start nothing: ask the release that this job started to go back.")
    ] = False,
) -> None:
    """Run what an event at GitHub asks for, follow it, and end as it ended. Reads GITHUB_EVENT_PATH and the others.

    A cancelled job (SIGINT, SIGTERM) asks a release to go back; the same call with --ask-back makes sure that it was.
    Exit code 7: Prefect did not answer, or the end could not be read.

    Example: pipeline trigger --flow release --env staging --repo https://... --ref main --reason "a test"
    """
    log = JobLog(os.environ.get("GITHUB_ACTIONS") == "true")
    try:
        given = {"ref": ref, "repo": repo, "app": name, "action": action, "pull-request": pull_request}
        given |= {"release": release, "reason": reason}
        order = _ordered(flow, env, given) if flow else _decided({"env": env, **given}, branches_of(branches), previews)
        url = _api_of(load_environment(order.environment))
        _warn_of_plain_text(url, log)
        job = Job(order, url, silence_seconds, log, os.environ)
        code = obeying.ask_back(job) if ask_back else obeying.obey(job)
    except Interrupted as interrupted:  # between one thing and the next
        code = exit_codes.CANCELLED
        log.line(f"{interrupted}: ended")
    except PipelineError as error:
        code = _code(error)
        log.note("error", f"{error.message}. {error.hint}" if error.hint else error.message, type(error).__name__)
        Summary(os.environ, log.line).problem(error.message, code)
    raise typer.Exit(code)


def trigger_on_push(
    bare: Annotated[Path, typer.Option(help="A bare git repository on this machine.")],
    branches: Annotated[
        str, typer.Option(help="Which branch is released where: branch=environment,...")
    ] = "main=local",
) -> None:
    """Have pushes to a bare repository release its branches, as GitHub would: by a post-receive hook.

    Example: git init --bare /srv/app.git && pipeline trigger-on-push --bare /srv/app.git --branches main=local
    """
    typer.echo(install(bare, branches))


def _decided(given: Mapping[str, str], branches: Mapping[str, str], previews: str) -> Order:
    """By the event alone: it says where and what, so an option that says it too would be dropped."""
    for option, value in given.items():
        if value.strip():
            rest = "; its repository is told by PIPELINE_REPOSITORY" if option == "repo" else ""
            hint = f"give --flow as well (the action's input flow), or leave it out{rest}"
            raise BadInput(f"--{option}", "is given without --flow, and the event alone would decide", hint)
    return decide(read_event(os.environ), branches, previews)


def _ordered(flow: str, env: str, given: Mapping[str, str]) -> Order:
    """By the options, with what they leave out taken from the event, if there is one."""
    event = read_event(os.environ) if os.environ.get("GITHUB_EVENT_PATH") else None
    if event:
        refuse_forks(event)
    said = {option: value for option, value in given.items() if value.strip()}
    _refuse_what_it_does_not_take(flow, said)
    rest = {"ref": event.sha, "repository": event.url, "why": _why(event)} if event else {}
    who = event.actor if event else os.environ.get("USER", "") or "a script"
    facts = rest | {"who": who} | {_FIELD_OF.get(option, option): value for option, value in said.items()}
    facts |= {"why": said["reason"]} if "reason" in said else {}
    return order_of(flow, env, facts, event.key if event else "")


def _refuse_what_it_does_not_take(flow: str, said: Mapping[str, str]) -> None:
    """A flow that hears less than was said does more than was meant. A reason may always be given."""
    if flow not in FIELDS:
        return  # refused by its name
    needed, possible = FIELDS[flow]
    for option in said:
        if option != "reason" and _FIELD_OF.get(option, option) not in needed + possible:
            takes = ", ".join(needed + possible) or "nothing but an environment"
            raise BadInput(f"--{option}", f"is given, and {flow} would drop it", f"leave it out; {flow} takes: {takes}")


def _why(event: Event) -> str:
    return f"{event.actor} triggered it by a {event.name} at {event.repository}"


def _api_of(environment: Environment) -> str:
    """PREFECT_API_URL goes before the environment's file, as everywhere with Prefect."""
    url = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise BadInput("PREFECT_API_URL", "is no http(s) address", "set it to Prefect's API, ending in /api")
    if not url and environment.kind != "local" and not environment.prefect_api:
        problem = f"nothing says where Prefect is for {environment.name}"
        raise BadInput("PREFECT_API_URL", problem, "set it, or prefect_api in the environment's file")
    return url or environment.prefect_url


def _warn_of_plain_text(url: str, log: JobLog) -> None:
    host = urlsplit(url).hostname or ""
    if url.startswith("http://") and host not in ("127.0.0.1", "localhost", "::1") and os.environ.get(AUTH_STRING):
        log.note("warning", f"the credential goes to {host} in plain text: put TLS in front of Prefect")


def _code(error: PipelineError) -> int:
    if isinstance(error, (OutOfReach, EndNotSeen)):
        return exit_codes.UNREACHABLE
    return exit_codes.REFUSED
