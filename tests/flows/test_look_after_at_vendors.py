"""The nightly look, and the copies that keep the promise, at the vendors' twins; Postgres and object store are real."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import commit, manifest, server

from deployments.twins.staging import Staging, staging_at_twins
from flows.backup import backup
from flows.look_after import look_after
from infra.environment import Environment
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.incidents.stored import StoredIncidents
from infra.platform import database_of, objects_of
from infra.vendor_platform import vercel_settings
from tasks.checkout import checkout
from tasks.gates.safety import check_archive
from tasks.looks import hosting_drift, secret_age
from tasks.make_room import make_room
from tasks.release import Release
from tasks.shift_traffic import attach_candidate, promote
from tasks.start_candidate import build_candidate, start_candidate

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
APP = "looked-at-vercel"
RPO_SECONDS = 24.0
RULES = f"""
[backups]
missing_proof = "make"
rpo_max_seconds = {RPO_SECONDS}

[canary]
weights = [100]
step_minimum_requests = 20
step_timeout_seconds = 60
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2

[watch]
seconds = 1
previous_percent = 0
"""
TABLE = '[app.variables]\nFEATURE = "on"\n[app.secret_variables]\nAPI_KEY = "env:T_API_KEY"'
WORD = "planted-api-key-4711"


@pytest.fixture
def staging(started_platform: Environment, tmp_path: Path) -> Iterator[Staging]:
    found = staging_at_twins(started_platform, APP, tmp_path, RULES, app_table=TABLE, variables={"T_API_KEY": WORD})
    with found as place:
        file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "staging.toml"
        file.write_text(f'prefect_api = "{started_platform.prefect_url}"\n{file.read_text()}')
        yield place


def make_live(order: Release) -> None:
    """What a release does at the hosting and the edge."""
    build_candidate.fn(order)
    candidate = start_candidate.fn(order)
    slot = make_room.fn(order)
    attach_candidate.fn(order, slot, candidate)
    promote.fn(order, slot)


def test_what_somebody_did_at_vercel_by_hand_is_found(staging: Staging, tmp_path: Path) -> None:
    repository = tmp_path / "app"
    commit(repository, "v1", {"pipeline.toml": manifest(APP), "server.py": server()})
    commit(repository, "v2", {"note": "v2"})
    for tag in ("v1", "v2"):
        make_live(checkout.fn("staging", str(repository), tag, f"{tag}-looked-at"))
    assert staging.served() == "v2"
    first = look_after(environment="staging", return_state=True)
    assert (first.name, hosting_drift.KIND in str(first.message)) == ("AllWell", False), first.message

    stored = {one.key: one for one in staging.vercel.variables.stored}
    stored["FEATURE"].value = "off"
    stored["API_KEY"].updated = time.time() - 100 * secret_age.DAY_SECONDS
    project = VercelProject(vercel_settings(staging.environment))
    (before,) = [copy.id for copy in project.copies() if copy.meta.get("pipelineRef") == "v1"]
    project.ask(calls.ROLL_BACK, {"deploymentId": before}, body={})
    while project.serving() != before:
        time.sleep(0.1)

    second = look_after(environment="staging", return_state=True)

    said = str(second.message)
    assert second.name == "Found"
    assert "FEATURE has another value at the hosting than here" in said
    assert f"serves {before}, and the pipeline left v2" in said
    assert "variable API_KEY at Vercel (production) is 100 days old, over 90" in said
    found = StoredIncidents(objects_of(staging.environment)).list()
    assert {one.key for one in found} >= {"hosting-drift-staging", "secret-age-staging"}
    assert WORD not in said + str(found)


def test_without_pitr_a_copy_is_made_when_it_is_due_and_the_gate_stays_open(staging: Staging) -> None:
    staging.supabase.state.has_pitr = False
    database, limit = database_of(staging.environment), int(RPO_SECONDS)

    def ask() -> str:
        return str(backup(environment="staging", name="due", when_due=True, return_state=True).name)

    assert ask() == "Completed", "there was no copy at all"
    assert ask() == "NotDue"
    assert len(database.snapshots()) == 1
    began, worst, names = time.time(), 0.0, []
    while time.time() - began < 1.5 * RPO_SECONDS:
        worst = max(worst, database.health().unarchived_seconds)
        names.append(ask())
        time.sleep(1)
    assert worst < RPO_SECONDS
    assert check_archive(database.health(), limit)
    assert {"NotDue", "Completed"} <= set(names)

    staging.supabase.state.has_pitr, staging.supabase.state.lag_seconds = True, 1
    count = len(database.snapshots())
    time.sleep(RPO_SECONDS / 2 + 1)
    assert (ask(), len(database.snapshots())) == ("NotDue", count), "PITR keeps it"


def test_on_the_local_platform_its_log_archive_keeps_the_promise(started_platform: Environment) -> None:
    state = backup(environment="local", name="due", when_due=True, return_state=True)
    assert (state.name, state.is_completed()) == ("NotDue", True), state.message
