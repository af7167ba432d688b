"""Puts the verbs together, and turns every error into one message and one exit code."""

from __future__ import annotations

import json
import sys

import typer
from rich.console import Console

from deployments.cli import (
    attack_verbs,
    database_verbs,
    deploy_verbs,
    doctor_verbs,
    exit_codes,
    flow_verbs,
    hold_verbs,
    measure_verbs,
    migrate_verbs,
    platform_verbs,
    preview_verbs,
    recovery_verbs,
    scan_verbs,
    trigger_verbs,
)
from infra.errors import BadInput, PipelineError

app = typer.Typer(
    name="pipeline",
    help="Release apps safely: checks, backup, expand migration, canary, promotion, and the way back.\n\n"
    f"Exit codes: {exit_codes.EXPLAINED}.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verbs in (
    platform_verbs,
    doctor_verbs,
    deploy_verbs,
    flow_verbs,
    preview_verbs,
    trigger_verbs,
    recovery_verbs,
    hold_verbs,
    database_verbs,
    migrate_verbs,
    attack_verbs,
    scan_verbs,
    measure_verbs,
):
    verbs.add_to(app)


def main() -> None:
    """The console script. Typer itself ends with code 2 for words that it does not understand."""
    try:
        app(prog_name="pipeline")
    except PipelineError as error:
        _show(error)
        sys.exit(exit_codes.REFUSED if isinstance(error, BadInput) else exit_codes.FAILED)


def _show(error: PipelineError) -> None:
    if "--json" in sys.argv:
        print(json.dumps({"error": type(error).__name__, "message": error.message, "hint": error.hint}))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]{type(error).__name__}[/]", end=": ")
    console.print(str(error), markup=False)
