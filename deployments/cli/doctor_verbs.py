"""The verb that looks whether everything an environment needs is there, and says how to get what is not."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployments.cli import exit_codes
from deployments.cli.platform_verbs import Env, Json
from infra.doctor import Finding, State, examine
from infra.doctor.checkup import checkup
from infra.environment import load_environment

COLOURS: dict[State, str] = {"well": "green", "missing": "red", "silent": "yellow"}


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(doctor)


def doctor(env: Env = "local", json: Json = False) -> None:
    """Look at every credential, permission, plan feature, domain, variable and connection. Changes nothing.

    Exit code 0 only when all is well. What is missing comes with its fix; secrets are never shown.
    """
    found = examine(checkup(load_environment(env)))
    is_well = all(one.state == "well" for one in found)
    if json:
        print(jsonlib.dumps({"environment": env, "is_well": is_well, "findings": [asdict(one) for one in found]}))
    else:
        _show(found)
    raise typer.Exit(exit_codes.OK if is_well else exit_codes.FAILED)


def _show(found: list[Finding]) -> None:
    screen = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for title in ("", "", "state", "", "fix"):
        table.add_column(title, overflow="fold")
    part = ""
    for one in found:
        state = Text(one.state, style=COLOURS[one.state])
        table.add_row("" if one.part == part else one.part, one.what, state, Text(one.fact), Text(one.fix))
        part = one.part
    screen.print(table)
    counts = Counter(one.state for one in found)
    screen.print(", ".join(f"{counts[state]} {state}" for state in COLOURS if counts[state]), markup=False)
