"""Every flow that can be ordered from outside can be ordered by the options of `pipeline trigger` alone."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import get_args

import pytest
from steps import push
from typer.testing import CliRunner

from deployments.cli import exit_codes
from deployments.cli.application import app
from deployments.registration.declared import declared_for, flow_at
from deployments.trigger.order import ACTIONS, FIELDS
from infra.environment import load_environment
from infra.ports import free_port

SHA = "a" * 40
OPTIONS = {
    "repository": ("--repo", "https://code.example/app.git"),
    "ref": ("--ref", "main"),
    "why": ("--reason", "a test"),
    "reason": ("--reason", "a test"),
    "app": ("--app", "shop"),
    "pull_request": ("--pull-request", "7"),
}


def words(flow: str, *, without: str = "") -> list[str]:
    needed = [name for name in FIELDS[flow][0] if name not in ("who", without)]
    pairs = [("--action", ACTIONS[flow][0]) if name == "action" else OPTIONS[name] for name in needed]
    return ["trigger", "--flow", flow, "--env", "local", *(word for pair in dict(pairs).items() for word in pair)]


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    monkeypatch.setenv("PIPELINE_SILENCE_SECONDS", "0")


@pytest.fixture
def pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push to main, as the runner tells it."""
    (tmp_path / "event.json").write_text(json.dumps(push("main", SHA)))
    told = {"NAME": "push", "PATH": str(tmp_path / "event.json")}
    for name, value in told.items():
        monkeypatch.setenv(f"GITHUB_EVENT_{name}", value)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/app")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")


@pytest.mark.parametrize("flow", FIELDS)
def test_its_options_say_all_that_a_flow_needs(flow: str) -> None:
    done = CliRunner().invoke(app, words(flow))
    assert done.exit_code == exit_codes.UNREACHABLE, done.output


def test_what_is_left_out_is_named() -> None:
    done = CliRunner().invoke(app, words("preview", without="pull_request"))
    assert done.exit_code == exit_codes.REFUSED
    assert "pull_request" in done.output


DROPPED = {"env": "staging", "ref": "v1", "app": "shop", "action": "place", "pull-request": "7", "release": SHA}


@pytest.mark.parametrize("option", [*DROPPED, "repo", "reason"])
def test_an_option_without_a_flow_is_refused_by_its_name(option: str, pushed: None) -> None:
    done = CliRunner().invoke(app, ["trigger", f"--{option}", DROPPED.get(option, "text")])
    assert done.exit_code == exit_codes.REFUSED
    assert f"--{option}: is given without --flow" in done.output


def test_without_options_the_event_alone_decides(pushed: None) -> None:
    """What the action gives for inputs that are empty is not given."""
    done = CliRunner().invoke(app, ["trigger", "--flow", "", "--env", "", "--ref", "", "--release", " "])
    assert done.exit_code == exit_codes.UNREACHABLE, done.output


@pytest.mark.parametrize(("flow", "option"), [("recover", "app"), ("backup", "release"), ("rollback", "ref")])
def test_an_option_that_the_flow_would_drop_is_refused_by_its_name(flow: str, option: str) -> None:
    done = CliRunner().invoke(app, [*words(flow), f"--{option}", DROPPED[option]])
    assert done.exit_code == exit_codes.REFUSED
    assert f"--{option}: is given, and {flow} would drop it" in done.output


def test_a_reason_may_always_be_given() -> None:
    done = CliRunner().invoke(app, [*words("recover"), "--reason", "a test"])
    assert done.exit_code == exit_codes.UNREACHABLE, done.output


@pytest.mark.parametrize("flow", FIELDS)
def test_what_may_be_ordered_is_what_the_flow_takes(flow: str) -> None:
    """A field that a flow does not know would be refused by Prefect, at night and by an alert."""
    (declared,) = (one for one in declared_for(load_environment("staging")) if one.flow == flow)
    takes = inspect.signature(flow_at(declared.body["entrypoint"]).fn, eval_str=True).parameters
    needed, possible = FIELDS[flow]
    assert {*needed, *possible, "environment"} <= set(takes)
    must = {name for name, one in takes.items() if one.default is inspect.Parameter.empty}
    assert must <= {*needed, "environment"}, "what it must be given, an order must name"
    assert (get_args(takes["action"].annotation) if "action" in takes else ()) == ACTIONS.get(flow, ())
