"""Whole releases to an environment at vendors: all their twins, a real Postgres, a real object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import RULES_AT_VENDORS as RULES
from apps import commit, manifest, server
from prefect.client.schemas.objects import State

from deployments.twins.staging import Staging, staging_at_twins
from deployments.twins.vercel_sites import Behaviour
from flows.refresh import refresh
from flows.release import release
from flows.rollback import rollback
from infra.environment import Environment
from tasks.availability import read_availability
from tasks.code_review import settle

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(900)]
APP = "vercel-app"
INHERITED = "inherited-app"  # with a database of its own
SCHEMA = '[schema]\ntool = "sql"\ndirectory = "db"\n'


def table(number: str, name: str) -> dict[str, str]:
    """A revision and its way back."""
    up, down = f"CREATE TABLE {name} (id int PRIMARY KEY);", f"DROP TABLE {name};"
    return {f"db/{number}_{name}.sql": up, f"db/{number}_{name}.down.sql": down}


@pytest.fixture
def staging(started_platform: Environment, tmp_path: Path) -> Iterator[Staging]:
    with staging_at_twins(started_platform, APP, tmp_path, RULES, is_whole=True) as found:
        yield found
        settle()


def run(repository: Path, ref: str) -> State[Any]:
    """The last state of a release in this process."""
    return release(repository=str(repository), ref=ref, environment="staging", return_state=True)


def test_a_good_version_is_promoted_a_bad_one_goes_back_and_a_person_rolls_back(
    staging: Staging, tmp_path: Path
) -> None:
    repository = tmp_path / "app"
    # Each brings a migration: the proof of the backup before it is outdated by the time of the next one.
    commit(repository, "v1", {"pipeline.toml": manifest(APP, SCHEMA), "server.py": server(), **table("001", "shifts")})
    commit(repository, "v2", table("002", "guards"))
    commit(repository, "v3", table("003", "checkins"))
    staging.vercel.behaviours["v3"] = Behaviour(error_share=0.7, in_ramp_only=True)

    first = run(repository, "v1")
    assert (first.name, staging.served()) == ("Promoted", "v1"), first.message
    second = run(repository, "v2")
    assert (second.name, staging.served()) == ("Promoted", "v2"), second.message
    assert staging.vercel.calls("startRollingRelease"), "it went by a rolling release"
    before = staging.platform().edge.route()

    third = run(repository, "v3")
    assert (third.name, staging.served()) == ("RolledBack", "v2"), third.message
    assert len(staging.vercel.calls("requestRollback")) == 1, "it had visitors, and they were taken back"
    after = staging.platform().edge.route()
    assert (after.live_target, after.weight) == (before.live_target, 0)

    back = rollback(app=APP, reason="a test", environment="staging", return_state=True)
    assert (back.name, staging.served()) == ("RolledBack", "v1"), back.message
    states = {tuple(said["state"] for said in said_of) for said_of in staging.github.state.statuses.values()}
    assert ("in_progress", "failure") in states, "GitHub was told of the bad one"
    assert staging.github.state.names_of_open() == []
    assert len(staging.cloudflare.state.purges) == 4, "two that went live, one that had visitors, one that came back"


def test_what_visitors_get_is_asked_where_nobody_counts_it(staging: Staging, tmp_path: Path) -> None:
    commit(tmp_path / "app", "v1", {"pipeline.toml": manifest(APP), "server.py": server()})
    assert run(tmp_path / "app", "v1").name == "Promoted"
    assert refresh(environment="staging", return_state=True).name == "Shown"
    staging.vercel.behaviours["v1"] = Behaviour(error_share=1)
    assert refresh(environment="staging", return_state=True).name == "Shown"
    found = read_availability(staging.platform().objects, APP)
    assert (found.by, [(day.requests, day.failures) for day in found.days.values()]) == ("probes", [(6, 3)])


def test_what_somebody_else_made_live_is_asked_for_its_health_on_the_new_schema(
    started_platform: Environment, tmp_path: Path
) -> None:
    """A project at Vercel has a live version before its first release."""
    with staging_at_twins(started_platform, INHERITED, tmp_path, RULES, is_whole=True) as staging:
        table = {
            "db/1_guards.sql": "CREATE TABLE guards (id int PRIMARY KEY);",
            "db/1_guards.down.sql": "DROP TABLE guards;",
        }
        schema = '[schema]\ntool = "sql"\ndirectory = "db"\n'
        commit(tmp_path / "app", "v1", {"pipeline.toml": manifest(INHERITED, schema), "server.py": server(), **table})
        staging.vercel.behaviours["by-hand"] = Behaviour(error_share=1.0)
        staging.vercel.make(staging.vercel.name, "production", {"githubCommitRef": "by-hand"}, takes_domains=True)

        refused = run(tmp_path / "app", "v1")
        assert refused.name == "RolledBack", refused.message
        assert "answered 500, expected 200" in str(refused.message)

        staging.vercel.behaviours["by-hand"] = Behaviour()
        first = run(tmp_path / "app", "v1")
        assert (first.name, staging.served()) == ("Promoted", "v1"), first.message
        settle()
