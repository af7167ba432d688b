"""Shows a flow run on the terminal while it runs: its log as it is written, and a closing table."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from deployments.cancelled import with_its_way_back
from deployments.cli import exit_codes
from deployments.prefect_api import FINAL, FlowRun, LogLine, PrefectApi, TaskRun
from infra.errors import Unreachable

POLL_SECONDS = 0.5
SETTLING_SECONDS = 8.0
QUIET = ("Task run created", "Finished in state", "Beginning flow run", "Created task run", "View at")
PULLING = ("deployment pull step", "deployment step", "deployment steps", "Deployment step")
COLOURS = {"COMPLETED": "green", "FAILED": "red", "CRASHED": "red", "CANCELLED": "yellow"}


def follow(api: PrefectApi, run: FlowRun, as_json: bool) -> int:
    """The exit code of the run once it is over. Progress goes to standard error, JSON to standard output."""
    over, stages = show(api, run)
    code = exit_codes.of(over.type, over.outcome)
    if as_json:
        print(json.dumps(summary(api, over, stages, code)))
    return code


def show(api: PrefectApi, run: FlowRun) -> tuple[FlowRun, list[TaskRun]]:
    """Show the run until it is over: its log line by line on standard error, then the closing table."""
    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    screen.print(f"[bold]{run.name}[/]  {api.page(run.id)}")
    started = time.monotonic()
    over = _wait(api, run.id, screen)
    stages = _settled_stages(api, over)
    over = with_its_way_back(over, _log_of_cancelled(api, over))
    _closing_table(screen, over, stages, time.monotonic() - started)
    return over, stages


def summary(api: PrefectApi, run: FlowRun, stages: list[TaskRun], code: int) -> dict[str, Any]:
    """The whole outcome for machines."""
    return {
        "flow_run": run.id,
        "page": api.page(run.id),
        "outcome": run.outcome,
        "message": run.message,
        "exit_code": code,
        "seconds": round(run.seconds, 1),
        "stages": [{k: v for k, v in asdict(stage).items() if k != "id"} for stage in stages],
    }


def _wait(api: PrefectApi, run: str, screen: Console) -> FlowRun:
    seen, names = 0, {}
    while True:
        try:
            now = api.flow_run(run)
            names = {task.id: task.name for task in api.task_runs(run)}
            seen += _show_log(api, run, seen, names, screen)
        except Unreachable as silence:
            screen.print(f"[yellow]{silence.message}; the run goes on, trying again[/]")
            time.sleep(2)
            continue
        if now.is_over:
            _show_log(api, run, seen, names, screen)
            return now
        time.sleep(POLL_SECONDS)


def _show_log(api: PrefectApi, run: str, seen: int, names: dict[str, str], screen: Console) -> int:
    lines = api.log(run, seen)
    for line in lines:
        if line.text.startswith(QUIET) or any(words in line.text for words in PULLING):
            continue
        where = names.get(line.task, "")
        style = "red" if line.level >= 40 else "yellow" if line.level >= 30 else ""
        screen.print(f"[dim]{line.time[11:19]}[/] [cyan]{where:<28}[/]", end=" ")
        screen.print(line.text, style=style or None, markup=False)
    return len(lines)


def _log_of_cancelled(api: PrefectApi, over: FlowRun) -> list[LogLine]:
    """The whole log, once the run's process has said its last word; of a run that was not cancelled nobody asks."""
    deadline = time.monotonic() + SETTLING_SECONDS
    lines: list[LogLine] = []
    while over.type == "CANCELLED" and time.monotonic() < deadline:
        lines = []
        while page := api.log(over.id, len(lines)):
            lines += page
        if any(not line.task and line.text.startswith("Finished in state") for line in lines):
            break
        time.sleep(POLL_SECONDS)
    return lines


def _settled_stages(api: PrefectApi, run: FlowRun) -> list[TaskRun]:
    """Task runs reach the server some seconds after the fact: wait a little for their last states."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        stages = api.task_runs(run.id)
        if all(stage.type in FINAL for stage in stages) or time.monotonic() > deadline:
            return stages
        time.sleep(POLL_SECONDS)


def _closing_table(screen: Console, run: FlowRun, stages: list[TaskRun], seconds: float) -> None:
    table = Table(box=None, pad_edge=False)
    for title, side in (("stage", "left"), ("state", "left"), ("seconds", "right"), ("tries", "right")):
        table.add_column(title, justify="right" if side == "right" else "left")
    for stage in stages:
        colour = COLOURS.get(stage.type, "yellow")
        table.add_row(stage.name, f"[{colour}]{stage.outcome}[/]", f"{stage.seconds:.1f}", str(stage.tries))
    screen.print(table)
    screen.print(f"[bold {COLOURS.get(run.type, 'yellow')}]{run.outcome}[/] after {seconds:.0f} s", end=": ")
    screen.print(run.message, markup=False)
