"""What prefect.yaml declares exists, and fits."""

from __future__ import annotations

import importlib
import inspect
from collections import Counter
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from prefect import Flow

from deployments.registration.declared import Declared, declared_for, flow_at, table
from infra.environment import PROJECT_FOLDER, Environment, environment_names, load_environment

DEPLOYMENTS: list[dict[str, Any]] = table()["deployments"]
NAMES = [f"{one['entrypoint']}@{one['name']}" for one in DEPLOYMENTS]


def all_flows() -> set[str]:
    modules = [importlib.import_module(f"flows.{p.stem}") for p in Path(PROJECT_FOLDER, "flows").glob("[a-z]*.py")]
    return {value.name for module in modules for value in vars(module).values() if isinstance(value, Flow)}


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_entrypoint_loads_and_its_parameters_fit(deployment: dict[str, Any]) -> None:
    flow = flow_at(deployment["entrypoint"])
    takes = inspect.signature(flow.fn, eval_str=True).parameters
    assert set(deployment.get("parameters", {})) <= set(takes)
    given = {name: _example(takes[name]) for name in takes if takes[name].default is inspect.Parameter.empty}
    assert flow.validate_parameters({**given, **deployment.get("parameters", {})})


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_deployment_is_named_after_an_environment_and_says_what_it_is(deployment: dict[str, Any]) -> None:
    assert deployment["parameters"]["environment"] == deployment["name"] == deployment["work_pool"]["name"]
    assert deployment["description"]
    assert deployment["work_pool"]["job_variables"]["stream_output"] is False


def test_every_flow_is_declared_once_for_every_environment() -> None:
    pairs = Counter((flow_at(one["entrypoint"]).name, one["name"]) for one in DEPLOYMENTS)
    assert pairs == Counter({(flow, name): 1 for flow in all_flows() for name in environment_names()})


@pytest.mark.parametrize("declared", declared_for(load_environment("staging")), ids=lambda one: one.flow)
def test_every_field_of_a_form_explains_itself(declared: Declared) -> None:
    fields = declared.body["parameter_openapi_schema"]["properties"]
    assert {name for name, field in fields.items() if not field.get("description")} == set()
    choices = {name for name, field in fields.items() if name in ("action", "level")}
    assert all(fields[name].get("enum") for name in choices)


def test_every_flow_has_a_row_in_the_readme() -> None:
    readme = (PROJECT_FOLDER / "README.md").read_text()
    assert {name for name in all_flows() if f"| `{name}` |" not in readme} == set()


def test_an_environment_with_a_name_of_its_own_is_declared_as_its_kind_is() -> None:
    known = declared_for(load_environment("staging"))
    moved = declared_for(Environment(name="acceptance", kind="staging"))
    assert [one.flow for one in moved] == [one.flow for one in known]
    for one in moved:
        assert one.full_name == f"{one.flow}/acceptance"
        assert one.body["parameters"]["environment"] == one.body["work_pool_name"] == "acceptance"
        assert "acceptance" in one.body["tags"]
        assert "staging" not in one.body["tags"]


def _example(parameter: inspect.Parameter) -> Any:
    if get_origin(parameter.annotation) is Literal:
        return get_args(parameter.annotation)[0]
    return {str: "text", int: 1, float: 1.0, bool: True}[parameter.annotation]
