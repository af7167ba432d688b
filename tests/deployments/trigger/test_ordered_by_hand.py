"""Every flow that can be ordered from outside can be ordered by the options of `pipeline trigger` alone."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from deployments.cli import exit_codes
from deployments.cli.application import app
from deployments.trigger.order import ACTIONS, FIELDS
from infra.ports import free_port

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


@pytest.mark.parametrize("flow", FIELDS)
def test_its_options_say_all_that_a_flow_needs(flow: str) -> None:
    done = CliRunner().invoke(app, words(flow))
    assert done.exit_code == exit_codes.UNREACHABLE, done.output


def test_what_is_left_out_is_named() -> None:
    done = CliRunner().invoke(app, words("preview", without="pull_request"))
    assert done.exit_code == exit_codes.REFUSED
    assert "pull_request" in done.output
