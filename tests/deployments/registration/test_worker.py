"""The line that starts a worker leads its runs to the same environment, and bounds them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from deployments.registration.declared import declared_for
from deployments.registration.worker import worker_line
from infra.environment import PROJECT_FOLDER, Environment
from infra.local.prefect import worker_command

AWAY = Environment(name="acceptance", kind="staging", prefect_api="https://prefect.example/api")


def test_a_shell_reads_from_it_where_everything_is_and_how_many_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tmp_path / "our own"))
    monkeypatch.setenv("PIPELINE_STATE", os.path.relpath(tmp_path))
    assert shlex.split(worker_line(AWAY)) == [
        "PREFECT_API_URL=https://prefect.example/api",
        f"PIPELINE_PROJECT={PROJECT_FOLDER}",
        f"PIPELINE_ENVIRONMENTS={tmp_path}/our own",
        f"PIPELINE_STATE={tmp_path}",
        *(str(Path(sys.executable).parent / "prefect"), "worker", "start", "--pool", "acceptance"),
        *("--type", "process", "--limit", "10"),
    ]


def test_what_is_not_set_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPELINE_ENVIRONMENTS", raising=False)
    monkeypatch.setenv("PIPELINE_STATE", "")
    assert "PIPELINE_ENVIRONMENTS" not in worker_line(AWAY)
    assert "PIPELINE_STATE" not in worker_line(AWAY)


def test_the_worker_of_a_local_platform_looks_where_its_deployments_send_their_runs() -> None:
    own = Environment(name="laptop", kind="local")
    (pool,) = {one.body["work_pool_name"] for one in declared_for(own)}
    words = list(worker_command(own).arguments)
    assert words[words.index("--pool") + 1] == pool == "laptop"
