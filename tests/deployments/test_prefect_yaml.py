"""What prefect.yaml declares exists, and fits."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml

from infra.environment import PROJECT_FOLDER, environment_names

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((PROJECT_FOLDER / "prefect.yaml").read_text())["deployments"]
NAMES = [f"{one['entrypoint']}@{one['name']}" for one in DEPLOYMENTS]


def flow_of(deployment: dict[str, Any]) -> Any:
    path, name = deployment["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_entrypoint_loads_and_its_parameters_fit(deployment: dict[str, Any]) -> None:
    flow = flow_of(deployment)
    takes = inspect.signature(flow.fn, eval_str=True).parameters
    assert set(deployment.get("parameters", {})) <= set(takes)
    flow_validates = flow.validate_parameters
    given = {name: _example(takes[name]) for name in takes if takes[name].default is inspect.Parameter.empty}
    assert flow_validates({**given, **deployment.get("parameters", {})})


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_deployment_is_named_after_an_environment_and_says_what_it_is(deployment: dict[str, Any]) -> None:
    assert deployment["name"] in environment_names()
    assert deployment["parameters"]["environment"] == deployment["name"]
    assert deployment["description"]
    assert deployment["work_pool"]["job_variables"]["stream_output"] is False


def test_every_flow_has_a_deployment_and_a_row_in_the_readme() -> None:
    readme = (PROJECT_FOLDER / "README.md").read_text()
    declared = {flow_of(one).name for one in DEPLOYMENTS}
    modules = [importlib.import_module(f"flows.{p.stem}") for p in Path(PROJECT_FOLDER, "flows").glob("[a-z]*.py")]
    flows = {value.name for module in modules for value in vars(module).values() if type(value).__name__ == "Flow"}
    assert flows == declared
    assert {name for name in flows if f"| `{name}` |" not in readme} == set()


def _example(parameter: inspect.Parameter) -> Any:
    if get_origin(parameter.annotation) is Literal:
        return get_args(parameter.annotation)[0]
    return {str: "text", int: 1, float: 1.0, bool: True}[parameter.annotation]
