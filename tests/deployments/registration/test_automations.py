"""The automations are on a real server, and fire there: a run dies, and people are told by message and by webhook."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from deployments.registration.automation_table import automations_for
from deployments.registration.declared import our_tag
from deployments.registration.deploy import make, steps_for
from deployments.registration.registry import Registry, Row
from infra.environment import Alerts, Environment

pytestmark = [pytest.mark.platform, pytest.mark.slow]
NASTY = 'he said "no"\n{{ what }}'


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    got: list[Any]

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def listening() -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []
    server = HTTPServer(("127.0.0.1", 0), type("OneHook", (Hook,), {"got": got}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/T0P-S3CRET", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)
    return found


@pytest.fixture
def hooked(elsewhere: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Environment, list[Any]]]:
    """Registered with a webhook that listens."""
    with listening() as (url, got):
        monkeypatch.setenv("ACCEPTANCE_HOOK", url)
        environment = elsewhere.model_copy(update={"alerts": Alerts(webhook="env:ACCEPTANCE_HOOK")})
        make(steps_for(environment), print)
        yield environment, got
    make(steps_for(elsewhere), print)  # and without a webhook its block goes


CRASHED = {"type": "CRASHED", "message": NASTY}


def dies(registry: Registry, environment: Environment, flow: str, name: str, end: Row = CRASHED) -> Row:
    """A run that a worker had begun and whose process is gone, or that ended itself otherwise."""
    deployment = registry.find(f"/deployments/name/{flow}/{environment.name}")
    assert deployment
    needed = deployment["parameter_openapi_schema"].get("required", [])
    asked = {"name": name, "parameters": dict.fromkeys(needed, "text")}
    run = registry.post(f"/deployments/{deployment['id']}/create_flow_run", asked)
    for state in ({"type": "RUNNING"}, end):
        registry.send("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    return run


def started(registry: Registry, environment: Environment, flow: str) -> list[Row]:
    """By an automation, newest first."""
    asked = {"flows": {"name": {"any_": [flow]}}, "deployments": {"name": {"any_": [environment.name]}}}
    rows = registry.all_of("flow_runs", {**asked, "sort": "EXPECTED_START_TIME_DESC"})
    return [run for run in rows if run["created_by"] and run["created_by"]["type"] == "AUTOMATION"]


def test_all_of_them_are_there_after_it_and_only_once(elsewhere: Environment) -> None:
    registry, mine = Registry(elsewhere.prefect_url), {our_tag(), elsewhere.name}
    rows = [row["name"] for row in registry.all_of("automations") if mine <= set(row["tags"])]
    assert sorted(rows) == sorted(one.name for one in automations_for(elsewhere, our_tag()))
    assert steps_for(elsewhere) == []


def test_where_a_guard_looks_after_runs_it_alone_ends_and_recovers_them(elsewhere: Environment) -> None:
    local = automations_for(Environment(name="local", kind="local"), our_tag())
    more = {one.name.split(": ")[1] for one in automations_for(elsewhere, our_tag())}
    assert more - {one.name.split(": ")[1] for one in local} == {
        "a silent run is shown as crashed",
        "what a crashed run left is recovered",
    }


def test_a_crash_is_told_by_message_and_webhook_and_recovered(hooked: tuple[Environment, list[Any]]) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    run = dies(registry, environment, "release", 'release "x"')
    told = wait_for(lambda: [one for one in started(registry, environment, "tell") if run["id"] in str(one)])[0]
    page = f"{environment.prefect_url.removesuffix('/api')}/runs/flow-run/{run['id']}"
    assert told["parameters"] == {
        "environment": "acceptance",
        "title": 'release "x": Crashed',
        "body": NASTY,
        "level": "critical",
        "link": page,
    }
    wait_for(lambda: got)
    assert got == [{"text": f'acceptance: release "x": Crashed\n{NASTY}\n{page}'}]
    recovery = wait_for(lambda: started(registry, environment, "recover"))[0]
    assert recovery["parameters"] == {"environment": "acceptance"}


def test_a_message_that_cannot_be_sent_sends_no_messages(hooked: tuple[Environment, list[Any]]) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    before = len(started(registry, environment, "recover"))
    dies(registry, environment, "tell", "tell: x")
    dies(registry, environment, "recover", "recover")
    wait_for(lambda: got)
    # Of the two only the recovery was told, and it was not started again.
    assert [one["text"].split("\n")[0] for one in got] == ["acceptance: recover: Crashed"]
    assert len(started(registry, environment, "recover")) == before


def test_a_roll_back_that_is_refused_is_told(hooked: tuple[Environment, list[Any]]) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    run = dies(registry, environment, "rollback", "roll back x", {"type": "FAILED", "name": "Refused"})
    told = wait_for(lambda: [one for one in started(registry, environment, "tell") if run["id"] in str(one)])
    assert [(one["parameters"]["title"], one["parameters"]["level"]) for one in told] == [
        ("roll back x: Refused", "warning")
    ]
    wait_for(lambda: got)


def test_a_recovery_that_always_ends_badly_is_told_once(hooked: tuple[Environment, list[Any]]) -> None:
    environment, got = hooked
    registry = Registry(environment.prefect_url)
    for name in ("first", "second"):
        dies(registry, environment, "recover", name)
    dies(registry, environment, "rollback", "after both")
    wait_for(lambda: len(got) >= 2)
    assert sorted(one["text"].split("\n")[0] for one in got) == [
        "acceptance: after both: Crashed",
        "acceptance: first: Crashed",
    ]


def test_the_webhooks_address_is_never_shown(
    hooked: tuple[Environment, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, _ = hooked
    monkeypatch.setenv("ACCEPTANCE_HOOK", "http://127.0.0.1:9/AN0THER-S3CRET")
    (change,) = [step.change for step in steps_for(environment)]
    assert (change.kind, change.name, change.act) == ("block", "webhook/alerts-acceptance", "change")
    assert "S3CRET" not in str(change)


def test_what_a_person_switched_off_or_made_beside_is_shown_and_kept(elsewhere: Environment) -> None:
    registry = Registry(elsewhere.prefect_url)
    row = next(row for row in registry.all_of("automations") if row["name"] == "acceptance: a bad end is told")
    registry.send("PATCH", f"/automations/{row['id']}", {"enabled": False})
    theirs = {key: row[key] for key in ("trigger", "actions")} | {"name": "a person's own", "tags": ["acceptance"]}
    own = registry.post("/automations/", theirs)
    (change,) = [step.change for step in steps_for(elsewhere)]
    assert [(one.field, one.before, one.after) for one in change.differences] == [("enabled", "false", "true")]
    make(steps_for(elsewhere), print)
    assert registry.find(f"/automations/{own['id']}")
    registry.send("DELETE", f"/automations/{own['id']}")
