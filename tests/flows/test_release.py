"""Whole releases of small apps on the real local platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from apps import EVERY_OTHER, commit, manifest, server
from prefect.client.schemas.objects import State

from flows.release import release
from flows.rollback import rollback
from infra.environment import Environment
from infra.platform import Platform, connect

pytestmark = pytest.mark.platform


def run(repository: Path, ref: str) -> State[Any]:
    """The last state of a release in this process."""
    return release(repository=str(repository), ref=ref, environment="local", return_state=True)


def live(platform: Platform) -> str:
    """The version that everyone gets."""
    target = platform.edge.route().live_target
    return target.version if target else ""


def running(platform: Platform) -> set[str]:
    """Versions with a process."""
    return {found.ref for found in platform.hosting.deployments() if found.is_running}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "app"


def test_a_first_version_goes_live_and_a_second_one_after_a_canary_and_back_again(
    started_platform: Environment, repository: Path
) -> None:
    commit(repository, "v1", {"pipeline.toml": manifest("good-app"), "server.py": server()})
    commit(repository, "v2", {"note": "second"})
    platform = connect(started_platform, "good-app")

    assert run(repository, "v1").name == "Promoted"
    assert live(platform) == "v1"
    assert httpx.get(platform.url).status_code == 200

    assert run(repository, "v2").name == "Promoted"
    assert live(platform) == "v2"
    assert running(platform) == {"v1", "v2"}, "the version before stays warm"

    back = rollback(app="good-app", reason="a test", environment="local", return_state=True)
    assert (back.name, live(platform)) == ("RolledBack", "v1")


def test_a_version_that_fails_its_visitors_goes_back_and_leaves_no_trace(
    started_platform: Environment, repository: Path
) -> None:
    commit(repository, "v1", {"pipeline.toml": manifest("bad-app"), "server.py": server()})
    commit(repository, "v2", {"server.py": server(EVERY_OTHER)})
    platform = connect(started_platform, "bad-app")
    assert run(repository, "v1").name == "Promoted"
    before = platform.edge.route()

    state = run(repository, "v2")

    assert state.name == "RolledBack"
    assert state.message is not None
    assert state.message.startswith("v2 at 20 %: ")
    assert "requests failed" in state.message
    assert platform.edge.route() == before
    assert running(platform) == {"v1"}
    incident = next(i for i in platform.incidents.list() if "bad-app v2" in i.title)
    assert incident.severity == "P2"
    objects = platform.objects.list("releases/bad-app/v2-")
    assert {Path(stored.key).name for stored in objects} >= {"report.md", "chart.png", "record.json"}


STARTS = {
    "exits at once": ("exit 3", "exited by itself"),
    "never answers": ("exec sleep 60", "was not healthy within 4 s"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("start", "said"), STARTS.values(), ids=STARTS)
def test_a_version_that_does_not_run_never_gets_a_visitor(
    started_platform: Environment, repository: Path, start: str, said: str
) -> None:
    name = f"dead-{start.split()[-1]}-app"
    commit(repository, "v1", {"pipeline.toml": manifest(name, start=start)})
    platform = connect(started_platform, name)

    state = run(repository, "v1")

    assert state.name == "RolledBack"
    assert said in str(state.message)
    assert (live(platform), running(platform)) == ("", set())


GATES = {
    "unit tests": ('[checks]\nunit = "exit 1"\n', "unit tests at v1"),
    "integration tests": ('[checks]\nintegration = "exit 1"\n', "integration tests at v1"),
    "coverage": (
        '[checks.coverage]\ncommand = "true"\nreport = "coverage.json"\nminimum_percent = 80\n',
        "coverage: 50.0 % under 80 %",
    ),
}
TOTALS = '{"covered_lines": 5, "num_statements": 10, "percent_covered": 50.0}'
COVERAGE = f'{{"meta": {{"format": 3}}, "files": {{}}, "totals": {TOTALS}}}'


@pytest.mark.parametrize(("more", "said"), GATES.values(), ids=GATES)
def test_a_closed_gate_stops_a_release_before_anything_is_touched(
    started_platform: Environment, repository: Path, more: str, said: str
) -> None:
    name = f"gate-{said.split()[0].strip(':')}-app"
    files = {"pipeline.toml": manifest(name, more), "server.py": server(), "coverage.json": COVERAGE}
    commit(repository, "v1", files)

    state = run(repository, "v1")

    assert state.name == "GateClosed"
    assert said in str(state.message)
    assert connect(started_platform, name).hosting.deployments() == []


@pytest.mark.slow
def test_smoke_tests_that_fail_take_the_candidate_away_again(started_platform: Environment, repository: Path) -> None:
    more = '[smoke]\ncommand = "exit 7"\n'
    commit(repository, "v1", {"pipeline.toml": manifest("smoke-app", more), "server.py": server()})
    platform = connect(started_platform, "smoke-app")

    state = run(repository, "v1")

    assert state.name == "RolledBack"
    assert "smoke tests of v1" in str(state.message)
    assert (live(platform), running(platform)) == ("", set())


REFUSALS = {
    "an unknown environment": ({"environment": "mars"}, "'mars' does not exist"),
    "a ref that does not exist": ({"ref": "v9"}, "v9"),
    "a repository that does not exist": ({"repository": "nowhere/at-all"}, "nowhere/at-all"),
    "a repository without pipeline.toml": ({"ref": "bare"}, "pipeline.toml: is missing"),
    "a misspelt key": ({"ref": "misspelt"}, "did you mean `start`?"),
}


@pytest.mark.parametrize(("asked", "said"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_released_is_refused_by_name(
    started_platform: Environment, repository: Path, asked: dict[str, str], said: str
) -> None:
    commit(repository, "bare", {"readme": "nothing here"})
    commit(repository, "misspelt", {"pipeline.toml": 'name = "my-app"\n[commands]\nstrat = "x"\nstart = "y"\n'})
    parameters = {"repository": str(repository), "ref": "bare", "environment": "local", **asked}

    state = release(**parameters, return_state=True)

    assert state.name == "Refused"
    assert said in str(state.message)
