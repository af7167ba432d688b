"""The flows of prefect.yaml, declared for another environment."""

from __future__ import annotations

import pytest
import yaml

from deployments.register import declared_for, register, worker_line
from infra.environment import PROJECT_FOLDER, Environment
from infra.errors import BadInput


def quiet(_line: str) -> None:
    """Nobody reads it."""


def test_every_flow_is_declared_under_the_environments_name_and_in_its_pool() -> None:
    local = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text())["deployments"]
    moved = declared_for("staging")["deployments"]
    assert [one["entrypoint"] for one in moved] == [one["entrypoint"] for one in local]
    assert {one["name"] for one in moved} == {one["work_pool"]["name"] for one in moved} == {"staging"}
    assert {one["parameters"]["environment"] for one in moved} == {"staging"}
    assert not any("local" in one["tags"] for one in moved)
    # What is not about the place stays: schedules, and that a run survives its worker.
    assert [one.get("schedules") for one in moved] == [one.get("schedules") for one in local]
    assert all(one["work_pool"]["job_variables"]["stream_output"] is False for one in moved)


def test_one_environments_declaration_changes_no_other() -> None:
    assert declared_for("staging")["deployments"][0]["work_pool"]["name"] == "staging"
    assert declared_for("production")["deployments"][0]["work_pool"]["name"] == "production"


def test_the_local_platform_registers_itself() -> None:
    with pytest.raises(BadInput, match="`pipeline up`"):
        register(Environment(name="local", kind="local"), quiet)


def test_the_workers_line_names_the_api_the_project_and_the_pool() -> None:
    environment = Environment(name="staging", kind="staging", prefect_api="https://prefect.example/api")
    line = worker_line(environment)
    assert line.startswith("PREFECT_API_URL=https://prefect.example/api ")
    assert line.endswith("worker start --pool staging --type process")
