"""What is killed is what stands there at that moment, and it is dead afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deployments.chaos.app import APP
from deployments.chaos.journal import Journal
from deployments.chaos.plan import Moment
from deployments.chaos.strays import find_strays
from deployments.chaos.targets import Targets
from infra import processes
from infra.commands import command
from infra.edge import Route, Target
from infra.edge.route_file import RouteFile
from infra.environment import Environment
from infra.local import Place
from infra.local.object_store import BUCKET

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
RUN = "0f3c6f0e-1111-2222-3333-444455556666"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    made = Environment(name="broken", kind="local")
    made.state.mkdir(parents=True)
    return made


@pytest.fixture
def targets(environment: Environment) -> Targets:
    return Targets(environment, "t001-new", RUN)


def start(record: Path) -> processes.Daemon:
    return processes.start(record.stem, command(*SLEEP), record=record, log=record.with_suffix(".log"))


def app(environment: Environment, deployment: str) -> processes.Daemon:
    return start(environment.state / "apps" / APP / "deployments" / deployment / "process.json")


def test_a_service_is_killed_by_its_record_and_a_dead_one_is_not_killed_again(
    environment: Environment, targets: Targets
) -> None:
    daemon = start(Place(environment.state, "edge").record)
    assert targets.kill("edge").pids == (daemon.pid,)
    os.waitpid(daemon.pid, 0)
    assert targets.kill("edge").pids == ()


def test_the_candidate_is_what_is_beside_the_live_version_until_it_runs_itself(
    environment: Environment, targets: Targets
) -> None:
    live, warm = app(environment, "t000-live"), app(environment, "t000-warm")
    at = {deployment: Target(deployment, "127.0.0.1:4000", "t000") for deployment in ("t000-live", "t000-warm")}
    file = RouteFile(environment.state / "edge", environment.platform.edge_ports[0])
    file.change(lambda _: Route("green", 0, at["t000-warm"], at["t000-live"]))
    assert (targets.pids("live app"), targets.pids("candidate")) == ([live.pid], [warm.pid])

    new = app(environment, "t001-new")

    assert targets.pids("candidate") == [new.pid]
    for target, daemon in (("candidate", new), ("live app", live)):
        assert targets.kill(target).pids == (daemon.pid,)
        os.waitpid(daemon.pid, 0)
    assert targets.pids("candidate") == [warm.pid]
    processes.stop(warm, grace_seconds=1)


def test_a_flow_run_is_found_by_its_id_and_nobody_elses(targets: Targets) -> None:
    others = RUN.replace("0f", "1f")
    made = [subprocess.Popen(SLEEP, env={"PREFECT__FLOW_RUN_ID": run}) for run in (RUN, others)]
    try:
        assert targets.kill("flow run").pids == (made[0].pid,)
        assert made[0].wait(10) == -9
        assert made[1].poll() is None
    finally:
        for one in made:
            one.kill()
            one.wait()


def note(environment: Environment, stage: str) -> None:
    folder = environment.state / "objects" / BUCKET / "releases" / APP / "t001-new"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stage.json").write_text(json.dumps({"stage": stage, "since": time.time()}))


PLACES = {
    "put it on record": "",
    "scan": "unit tests",
    "gates": "gates",
    "lint migrations": "gates",
    "attach candidate": "attach candidate",
    "canary": "canary 20",
    "prove schema": "canary 20",
    " canary": "canary 100",
    "watch": "watch",
    "way back: traffic": "way back",
    "report": "way back",
}


def test_a_release_is_followed_from_stage_to_stage(environment: Environment) -> None:
    journal = Journal(environment, "t001-new", RUN)
    assert journal.place() == ""
    for stage, place in PLACES.items():
        note(environment, stage.strip())
        assert journal.place() == place, stage


def test_a_moment_comes_when_its_stage_begins_or_was_missed_and_never_after_the_end(environment: Environment) -> None:
    journal = Journal(environment, "t001-new", RUN)
    soon = time.monotonic() + 5
    note(environment, "expand schema")
    assert journal.wait_for(Moment("expand schema"), lambda: False, soon)
    assert journal.wait_for(Moment("gates"), lambda: False, soon), "it is past"
    assert not journal.wait_for(Moment("promote"), lambda: True, soon), "it ended before"
    assert not journal.wait_for(Moment("way back"), lambda: False, time.monotonic() + 0.1), "it is not there in time"


def test_a_process_of_nobody_is_found_and_one_with_a_record_is_not(environment: Environment) -> None:
    owned = start(Place(environment.state, "edge").record)
    lost = subprocess.Popen((*SLEEP, str(environment.state)), start_new_session=True)
    middle = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    subprocess.run((sys.executable, "-c", middle, *SLEEP, str(environment.state)), check=True)
    try:
        found = find_strays(environment, patience_seconds=0)
        assert len(found) == 1, "the child of this process is its own"
        assert str(environment.state) in found[0]
    finally:
        lost.kill()
        lost.wait()
        processes.stop(owned, grace_seconds=1)
        for line in find_strays(environment, patience_seconds=0):
            os.kill(int(line.split()[1].rstrip(",")), 9)
    assert find_strays(environment, patience_seconds=5) == []
