"""Where the time of a flow run went, out of the times that Prefect kept of the run and of its stages."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.prefect_api import FINAL, PrefectApi
from deployments.prefect_wire import PrefectWire

# Stages whose commands a shell script can run too, by the beginnings of their names.
COMPARABLE = (
    "checkout",
    "unit tests",
    "integration tests",
    "coverage",
    "scan for",
    "build candidate",
    "start candidate",
    "smoke tests",
)
LOCK = ("take the environment", "give the environment back")
SETTLING_SECONDS = 20.0


@dataclass(frozen=True)
class Span:
    """One stage, in seconds since the epoch."""

    name: str
    began: float
    ended: float


@dataclass(frozen=True)
class Times:
    """One run. `states` are the moments at which it entered each kind of state first; `called` and `ended` are those
    of the push that started it and waited for it."""

    called: float
    ended: float
    outcome: str
    states: dict[str, float]
    stages: tuple[Span, ...]
    scan_commands: tuple[str, ...]


def read_times(api: PrefectApi, url: str, run: str, called: float, ended: float) -> Times:
    """Read back once all stages have told their ends."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while any(stage.type not in FINAL for stage in api.task_runs(run)) and time.monotonic() < deadline:
        time.sleep(0.5)
    wire = PrefectWire(url)
    rows = wire.ask("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}, "limit": 200})
    states = wire.ask("GET", f"/flow_run_states/?flow_run_id={run}")
    first: dict[str, float] = {}
    for state in sorted(states, key=lambda one: str(one["timestamp"])):
        first.setdefault(state["type"], _seconds(state["timestamp"]))
    spans = [Span(r["name"], _seconds(r["start_time"]), _seconds(r["end_time"])) for r in rows if r["end_time"]]
    outcome = api.flow_run(run).outcome
    return Times(called, ended, outcome, first, tuple(sorted(spans, key=lambda s: s.began)), _scans(api, run))


def breakdown(times: Times) -> dict[str, Any]:
    """The overhead, and its parts: they add up to it.

    Stages that run at the same time count by the longest path: the time in which at least one of them ran.
    """
    wall = times.ended - times.called
    work = covered(times.stages)
    first, last = times.stages[0].began, max(stage.ended for stage in times.stages)
    pending, running = times.states.get("PENDING", times.called), times.states["RUNNING"]
    parts = {
        "push_and_trigger": times.states["SCHEDULED"] - times.called,
        "worker_pickup": pending - times.states["SCHEDULED"],
        "process_start_and_imports": running - pending,
        "before_first_stage": first - running,
        "engine_between_stages": last - first - work,
        "after_last_stage": times.ended - last,
    }
    return {
        "wall_seconds": round(wall, 2),
        "critical_path_seconds": round(work, 2),
        "overhead_seconds": round(wall - work, 2),
        "ratio": round(wall / work, 3),
        "event_to_first_stage_seconds": round(first - times.called, 2),
        "parts": {name: round(seconds, 2) for name, seconds in parts.items()},
        "lock_seconds": round(covered(_named(times.stages, LOCK)), 2),
        "comparable_seconds": round(covered(_named(times.stages, COMPARABLE)), 2),
        "stages": {stage.name: round(stage.ended - stage.began, 2) for stage in times.stages},
    }


def covered(spans: Iterable[Span]) -> float:
    """Seconds in which at least one of them ran."""
    total, until = 0.0, float("-inf")
    for span in sorted(spans, key=lambda one: one.began):
        total += max(0.0, span.ended - max(span.began, until))
        until = max(until, span.ended)
    return total


def _named(spans: Iterable[Span], beginnings: tuple[str, ...]) -> list[Span]:
    return [span for span in spans if span.name.startswith(beginnings)]


def _scans(api: PrefectApi, run: str) -> tuple[str, ...]:
    """The command lines of the scanners, as the stages printed them."""
    scanning = {stage.id for stage in api.task_runs(run) if stage.name.startswith("scan for")}
    lines, skip = [], 0
    while page := api.log(run, skip):
        lines += [line.text[2:] for line in page if line.task in scanning and line.text.startswith("+ ")]
        skip += len(page)
    return tuple(lines)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
