"""Verbs for the local platform: up, down, status."""

from __future__ import annotations

import json as jsonlib
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deployments.cli import exit_codes
from infra.environment import load_environment
from infra.local import ServiceStatus
from infra.local.platform import bring_up, status_of, take_down
from infra.locks.of_environment import locks_of
from infra.redaction import redact

Env = Annotated[str, typer.Option("--env", help="Which environment.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
COLOURS = {"healthy": "green", "unhealthy": "red", "stopped": "yellow"}
screen = Console(stderr=True, highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (up, down, status):
        app.command()(verb)


def say(line: str) -> None:
    """A line of progress, on standard error."""
    screen.print(redact(line), markup=False, style="dim")


def up(env: Env = "local", json: Json = False) -> None:
    """Start the local platform, or mend it: Postgres with a standby, object store, edge, Prefect with a worker.

    May be run again at any time; what runs is left alone, what died is started again with its data.
    """
    started = time.monotonic()
    services = bring_up(load_environment(env), say)
    _show(services, json)
    if not json:
        screen.print(f"up after {time.monotonic() - started:.1f} s")
    raise typer.Exit(_code(services))


def down(env: Env = "local") -> None:
    """Stop the local platform; its data stays."""
    take_down(load_environment(env), say)


def status(env: Env = "local", json: Json = False) -> None:
    """What runs, who holds the environment, and for each app: what is live and beside it, weight, flags, release, hold.

    Exit code 0 only when every service is healthy.
    """
    # Imports Prefect, which costs seconds that the other verbs need not wait for.
    from deployments.cli.status_view import apps_of, table_of

    environment = load_environment(env)
    services, apps, lock = status_of(environment), apps_of(environment), locks_of(environment).read()
    if json:
        rows = {"services": [asdict(one) for one in services], "apps": [asdict(one) for one in apps]}
        print(jsonlib.dumps({**rows, "lock": asdict(lock) if lock else None}))
    else:
        _show(services, json)
        out = Console(highlight=False, soft_wrap=True)
        out.print(f"{env} is held by the {lock.holder}" if lock else f"{env} is free", markup=False)
        out.print(table_of(apps))
    raise typer.Exit(_code(services))


def _code(services: list[ServiceStatus]) -> int:
    return exit_codes.OK if all(service.state == "healthy" for service in services) else exit_codes.FAILED


def _show(services: list[ServiceStatus], as_json: bool) -> None:
    if as_json:
        found: dict[str, Any] = {"services": [asdict(service) for service in services]}
        print(jsonlib.dumps(found))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("service", "state", "pid", "port", ""):
        table.add_column(title)
    for service in services:
        colour = COLOURS[service.state]
        row = (service.name, f"[{colour}]{service.state}[/]", str(service.pid or ""), str(service.port or ""))
        table.add_row(*row, redact(service.detail))
    Console(highlight=False).print(table)
