"""Verbs that show and measure: demo and bench."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deployments.cli import exit_codes
from deployments.cli.platform_verbs import say
from infra.environment import load_environment
from infra.errors import BadInput

Env = Annotated[str, typer.Option("--env", help="Which environment.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Rate = Annotated[float, typer.Option(help="Requests a second that the command itself sends.", min=1, max=400)]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (demo, bench):
        app.command()(verb)


def demo(env: Env = "local", rate: Rate = 150, json: Json = False) -> None:
    """Bring up the local platform and release v1, v2 and a bad v3 of the demo app, under load.

    Exit code 0 only when v2 went live without a failed request, v3 went back, and nothing was lost.
    """
    figures = measure_release(env, rate)
    print(jsonlib.dumps(figures)) if json else _show_story(figures)
    raise typer.Exit(exit_codes.FAILED if figures["problems"] else exit_codes.OK)


def bench(
    name: Annotated[str, typer.Argument(help="release, canary, database, chaos, vendors or overhead.")],
    env: Env = "local",
    rate: Rate = 150,
    repetitions: Annotated[int, typer.Option(help="canary: simulated releases for each cell; 0 takes its own.")] = 0,
    trials: Annotated[
        int,
        typer.Option(
            help="canary: live trials of each fault; 0 leaves them out. chaos: in all."
            " vendors: whole releases in bad weather, 0 for every one there is.",
            min=0,
        ),
    ] = 20,
    only: Annotated[
        str,
        typer.Option(
            help="One part; all when left out. canary: simulation, robustness, live, cost."
            " database: expand, ways_back, kills, backup, growth, faults, or several with commas between."
            " vendors: calls, moods, releases."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="canary, database, chaos, vendors: where the random numbers start.")] = 1,
    out: Annotated[Path | None, typer.Option(help="chaos, vendors: a line a trial; a cut run goes on from it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Compact JSON; without it, indented.")] = False,
) -> None:
    """Measure, and print one JSON object on standard output; progress goes to standard error.

    The keys of each are explained in docs/benchmarks.md. Exit code 1 when a chaos trial ended as none may.
    """
    benches: dict[str, Callable[[], dict[str, Any]]] = {
        "release": lambda: measure_release(env, rate),
        "canary": lambda: measure_canary(env, repetitions, seed, trials, only),
        "database": lambda: measure_database(only, seed),
        "chaos": lambda: measure_chaos(trials, seed, out),
        "vendors": lambda: measure_vendors(only, seed, trials, out),
        "overhead": measure_overhead,
    }
    if name not in benches:
        raise BadInput("bench", f"{name!r} does not exist", f"choose one of: {', '.join(sorted(benches))}")
    figures = benches[name]()
    typer.echo(jsonlib.dumps(figures, indent=None if json else 2))
    if figures.get("is_broken"):
        raise typer.Exit(exit_codes.FAILED)


def measure_release(env: str, rate: float) -> dict[str, Any]:
    """The demo's figures."""
    from deployments.demo.run import Demo

    return Demo(load_environment(env), rate, say).run().figures()


def measure_canary(env: str, repetitions: int, seed: int, trials: int, only: str = "") -> dict[str, Any]:
    """The simulated canary decisions, what they cost, and the live trials on the running platform; or one of them."""
    from deployments.bench.canary import PARTS, simulate
    from deployments.bench.canary_live import measure_live

    if only not in ("", "live", *PARTS):
        raise BadInput("only", f"{only!r} is no part of it", f"choose one of: live, {', '.join(PARTS)}")
    parts = tuple(part for part in PARTS if only in ("", part))
    simulated = simulate(repetitions, seed, parts=parts) if repetitions else simulate(seed=seed, parts=parts)
    is_live = only in ("", "live") and trials
    return {**simulated, "live": measure_live(trials, env, say=say) if is_live else []}


def measure_database(only: str, seed: int) -> dict[str, Any]:
    """An expansion beside writers, the ways back, kills, and what backups cost and catch."""
    from deployments.bench import database

    return database.measure_database(say, [part.strip() for part in only.split(",") if part.strip()], seed)


def measure_chaos(trials: int, seed: int, out: Path | None) -> dict[str, Any]:
    """What was killed on a platform of its own, and how it ended."""
    from deployments.chaos.run import measure_chaos as measure

    return measure(trials, seed, say, out)


def measure_overhead() -> dict[str, Any]:
    """What a release costs beside the work of its stages, and beside a shell script of the same commands."""
    from deployments.bench import overhead

    return overhead.measure_overhead(say)


def measure_vendors(only: str, seed: int, trials: int, out: Path | None) -> dict[str, Any]:
    """Calls held against the vendors' documents, every call in every mood, and whole releases in them."""
    from deployments.bench.vendors import vendor_figures

    return vendor_figures(say, only, seed, trials, out)


def _show_story(figures: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("", "v2, good", "v3, bad"):
        table.add_column(title)
    rows = {
        "ended": "verdict",
        "took, s": "seconds",
        "requests sent": "requests",
        "requests failed": "failed",
        "of these not by its own fault": "other_failures",
        "acknowledged writes lost": "lost_writes",
        "s from first failure to all on live": "seconds_to_live",
    }
    for label, key in rows.items():
        table.add_row(
            label, *(str(figures[side][key] if figures[side][key] is not None else "-") for side in ("good", "bad"))
        )
    screen = Console(highlight=False, soft_wrap=True)
    screen.print(table)
    screen.print(figures["bad"]["reason"], markup=False)
    screen.print(
        f"platform up in {figures['up_seconds']} s, v1 in {figures['first_release_seconds']} s; "
        f"{figures['requests']} requests in all, {figures['acknowledged_writes']} writes acknowledged"
    )
    for problem in figures["problems"]:
        screen.print(f"[red]not as it has to be:[/] {problem}")
