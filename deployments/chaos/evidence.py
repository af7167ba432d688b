"""Keeps what an illegal trial left, for whoever looks into it: logs, records, the process table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psutil

from deployments.chaos.app import APP
from deployments.chaos.ground import Ground
from deployments.prefect_api import FlowRun
from infra.errors import PipelineError
from infra.files import make_folder
from infra.local.object_store import BUCKET
from infra.processes import last_words

_LOG_LINES = 400


def keep_evidence(ground: Ground, run: FlowRun, trial: Path, folder: Path) -> None:
    """Everything about it into `folder`."""
    make_folder(folder)
    state = ground.environment.state
    for log in (state / "logs").glob("*.log"):
        (folder / log.name).write_text(last_words(log, _LOG_LINES))
    shutil.copytree(trial, folder / "load", dirs_exist_ok=True)
    for release in (state / "objects" / BUCKET / "releases" / APP).glob(f"*-{run.id[:8]}"):
        shutil.copytree(release, folder / "release", dirs_exist_ok=True)
    for route in (state / "edge").glob("route-*.json"):
        shutil.copy(route, folder / route.name)
    lines = [f"{p.pid} {p.ppid()} {p.info['status']} {' '.join(p.info['cmdline'] or ())[:200]}" for p in _processes()]
    (folder / "processes.txt").write_text("\n".join(lines))
    (folder / "flow-run.log").write_text(_flow_log(ground, run))


def _processes() -> list[psutil.Process]:
    return list(psutil.process_iter(["status", "cmdline"]))


def _flow_log(ground: Ground, run: FlowRun) -> str:
    try:
        rows = [row for skip in range(0, 1000, 200) for row in ground.api.log(run.id, skip)]
        tasks = [json.dumps(task.__dict__) for task in ground.api.task_runs(run.id)]
    except PipelineError as error:
        return f"Prefect does not answer: {error.message}"
    return "\n".join([*(f"{row.time} {row.level} {row.text}" for row in rows), *tasks])
