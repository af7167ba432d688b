"""Forms, alerts and pull requests by the action's own line: what the flow on a real Prefect server was called with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import NAME, Tiny
from steps import GITHUB, Done, workflow

from deployments.trigger.order import ACTIONS, FIELDS

pytestmark = [pytest.mark.platform, pytest.mark.slow]
SHA, BAD = "c" * 40, "d" * 40
FORM = workflow(GITHUB / "workflows" / "manual.yml")["on"]["workflow_dispatch"]["inputs"]
WHY = "ann asked for it: before the fair"
# What each flow of the form hears beside its environment, where the form was filled in as below.
BY_FORM: dict[str, dict[str, Any]] = {
    "rollback": {"app": "shop", "reason": "before the fair", "release": BAD, "to_newer": False},
    "abort": {"app": "shop", "reason": "before the fair", "release": BAD, "wait_seconds": 60},
    "hold": {"app": "shop", "action": "place", "reason": "before the fair", "who": "ann", "release": BAD},
    "recover": {},
    "verify-backup": {},
    "under-attack": {"action": "place", "reason": "before the fair", "who": "ann"},
}


def heard(tiny: Tiny, done: Done) -> dict[str, Any]:
    """What the flow says that it was called with, without its environment."""
    assert done.code == 0, done.log
    run = tiny.api.flow_run(done.outputs.split("\n")[1])
    assert run.outcome == "Heard"
    said: dict[str, Any] = json.loads(run.message)
    assert said.pop("environment") == NAME
    return said


def form(flow: str, **filled_in: str) -> dict[str, Any]:
    """As GitHub sends a form: each field is there, what was left as it was too."""
    left = {name: str(field.get("default", "")) for name, field in FORM.items()}
    return {"inputs": {**left, "flow": flow, "environment": NAME, "reason": "before the fair", **filled_in}}


@pytest.mark.parametrize("flow", BY_FORM)
def test_a_form_reaches_its_flow_with_what_was_filled_in(tiny: Tiny, flow: str) -> None:
    filled_in = {"app": "shop", "release": BAD, "ref": "ignored"}
    action = {"action": ACTIONS[flow][0]} if flow in ACTIONS else {}
    done = tiny.step("workflow_dispatch", form(flow, **filled_in, **action)).run()
    assert heard(tiny, done) == BY_FORM[flow]


def test_a_form_releases_a_ref_of_the_repository_that_the_action_was_given(tiny: Tiny) -> None:
    done = tiny.step("workflow_dispatch", form("release", ref="well")).run()
    assert done.code == 0, done.log
    assert tiny.did("well") == ["began"], "in the folder that is the input repository"
    assert WHY in done.log


def test_a_form_starts_a_backup(tiny: Tiny) -> None:
    done = tiny.step("workflow_dispatch", form("backup")).run()
    assert done.code == 0, done.log
    assert "copied" in done.log


def test_these_are_all_the_flows_of_the_form() -> None:
    assert {*BY_FORM, "release", "backup"} == set(FORM["flow"]["options"]) == set(FIELDS) - {"preview"}


ALERTED: dict[str, dict[str, Any]] = {
    "release-degraded": {"app": "shop", "reason": "release-degraded: 9 % fail", "release": "v3", "wait_seconds": 60},
    "version-degraded": {"app": "shop", "reason": "version-degraded: 9 % fail", "release": "v3", "to_newer": False},
    "process-lost": {},
    "traffic-attack": {"action": "place", "reason": "traffic-attack: 9 % fail", "who": "ann"},
    "traffic-normal": {"action": "lift", "reason": "traffic-normal: 9 % fail", "who": "ann"},
}


@pytest.mark.parametrize("kind", ALERTED)
def test_an_alert_reaches_the_flow_that_answers_it(tiny: Tiny, kind: str) -> None:
    said = {"environment": NAME, "app": "shop", "version": "v3", "reason": "9 % fail"}
    done = tiny.step("repository_dispatch", {"action": kind, "branch": "main", "client_payload": said}).run()
    assert heard(tiny, done) == ALERTED[kind]


def test_an_unknown_alert_starts_nothing(tiny: Tiny) -> None:
    done = tiny.step("repository_dispatch", {"action": "disk-full", "client_payload": {"environment": NAME}}).run()
    assert done.code == 2
    assert "'disk-full' is not known, so nothing is done about it" in done.log


@pytest.mark.parametrize(
    ("what", "action"), [("opened", "open"), ("synchronize", "open"), ("reopened", "open"), ("closed", "close")]
)
def test_an_own_pull_request_is_shown_at_its_newest_commit_until_it_is_closed(
    tiny: Tiny, what: str, action: str
) -> None:
    head = {"ref": "feature", "sha": SHA, "repo": {"full_name": "acme/app", "fork": False}}
    pulled = {"number": 7, "state": "closed" if what == "closed" else "open", "merged": False, "head": head}
    payload = {"action": what, "number": 7, "pull_request": pulled, "repository": {"fork": False}}
    done = tiny.step("pull_request", payload, GITHUB_REF="refs/pull/7/merge", GITHUB_SHA=BAD).run()
    expected = {"repository": str(tiny.folder), "ref": SHA, "pull_request": 7, "action": action}
    assert heard(tiny, done) == expected


def test_the_inputs_of_the_action_name_the_release_that_is_meant(tiny: Tiny) -> None:
    asked = {"flow": "rollback", "environment": NAME, "app": "shop", "release": BAD, "reason": "before the fair"}
    done = tiny.step("push", {"ref": "refs/heads/main", "after": SHA}, asked).run()
    assert heard(tiny, done) == BY_FORM["rollback"]
