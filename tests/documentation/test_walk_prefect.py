"""The console block of docs/prefect.md: what differs is shown and put right, and the second time nothing is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import console_of
from terminal import at

from deployments.registration.deploy import make, steps_for
from deployments.registration.flow_deployments import deployments_there
from deployments.registration.registry import Registry
from infra.environment import Environment, load_environment

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(600)]
SERVER = "https://prefect.example/api"  # the page's
MISSING = "staging: a bad end is told"


@pytest.fixture
def staging(started_platform: Environment) -> Iterator[Environment]:
    """Deployed; nobody takes its runs. Afterwards the server knows nothing of it."""
    file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "staging.toml"
    file.write_text(f'name = "staging"\nkind = "staging"\nprefect_api = "{started_platform.prefect_url}"\n')
    environment = load_environment("staging")
    make(steps_for(environment), print)
    yield environment
    forget(environment)
    file.unlink()


def forget(environment: Environment) -> None:
    """What `pipeline deploy` made, so that its schedules trouble no other test."""
    registry = Registry(environment.prefect_url)
    for row in registry.all_of("automations"):
        if environment.name in row["tags"]:
            registry.send("DELETE", f"/automations/{row['id']}")
    for row in deployments_there(registry, environment.name).values():
        registry.send("DELETE", f"/deployments/{row['id']}")
    registry.send("DELETE", f"/work_pools/{environment.name}")


def test_it_shows_what_differs_puts_it_right_and_then_has_nothing_to_do(staging: Environment, tmp_path: Path) -> None:
    registry = Registry(staging.prefect_url)
    backup = deployments_there(registry, "staging")["backup/staging"]
    (daily,) = [one for one in backup["schedules"] if one["slug"] == "daily"]
    registry.send("PATCH", f"/deployments/{backup['id']}/schedules/{daily['id']}", {"active": False})
    (told,) = [row for row in registry.all_of("automations") if row["name"] == MISSING]
    registry.send("DELETE", f"/automations/{told['id']}")
    with at(tmp_path, {SERVER: staging.prefect_url}) as terminal:
        for line in console_of("docs/prefect.md"):
            said = terminal.walk(line).splitlines()
            for printed in line.printed:
                assert terminal.fill(printed) in said, f"the page shows {printed!r} after `{line.command}`"
    assert steps_for(staging) == []
