"""One scenario on the local platform, and on `production` at the vendors' twins: each command of the table, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from at_twins import beside, described, make_buckets
from operations import STEPS
from steps_of_operations import APP, PRODUCTION, WELL, World
from terminal import at
from test_walk_prefect import forget

from infra.environment import Environment
from infra.local.platform import bring_up

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(5400)]
PROVEN_HERE = '\n[migrations]\nproven_in = "local"\n'


@pytest.fixture
def world(started_platform: Environment, tmp_path: Path) -> Iterator[World]:
    """An app without a version, and `production` with a worker that has what `pipeline deploy` printed."""
    file = Path(os.environ["PIPELINE_ENVIRONMENTS"]) / "local.toml"
    before = file.read_text()
    file.write_text(f"{before}\n[migrations]\nbake_hours = 0\n")
    with described(started_platform, tmp_path, "documented-data") as staging, at(tmp_path / "app") as terminal:
        production = beside(staging, PRODUCTION, APP, PROVEN_HERE)
        make_buckets(started_platform, production)
        _code, said = terminal.type(f"pipeline deploy --env {PRODUCTION}")
        worker = said.partition("the worker, where the secrets are set:")[2].strip()
        terminal.type(f"{worker} &")
        found = World(started_platform, tmp_path, terminal, staging.twins)
        found.smoke(WELL)
        yield found
        bring_up(started_platform, print)
        forget(production)
        (file.parent / f"{PRODUCTION}.toml").unlink()
    file.write_text(before)


def test_every_command_of_the_table_does_what_the_pages_say(world: World) -> None:
    wrong = []
    for step in STEPS:
        try:
            step.take(world)
        except (AssertionError, LookupError, ValueError) as error:
            wrong.append(f"`{step.shown}`: {error}")
            print(f"WRONG: {error}", flush=True)
    assert not wrong, "\n".join(wrong)
