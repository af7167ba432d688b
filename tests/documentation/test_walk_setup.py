"""docs/setup.md as a new user walks it, with the vendors' twins where the accounts would be."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import commit, manifest, server
from at_twins import APP, Described, described
from pages import console_of
from terminal import at
from test_walk_prefect import forget

from infra.environment import Environment

pytestmark = [pytest.mark.platform, pytest.mark.slow, pytest.mark.timeout(2400)]
SCHEMA = '[schema]\ntool = "sql"\ndirectory = "supabase/migrations"\n'
SHIFTS = {
    "supabase/migrations/20260101000000_shifts.sql": "CREATE TABLE shifts (id bigint PRIMARY KEY, name text);\n",
    "supabase/migrations/20260101000000_shifts.down.sql": "DROP TABLE shifts;\n",
}


@pytest.fixture
def staging(started_platform: Environment, tmp_path: Path) -> Iterator[Described]:
    with described(started_platform, tmp_path) as found:
        yield found
        forget(found.environment)


def printed_for_the_worker(said: str) -> dict[str, str]:
    """The variables of the line that `pipeline deploy` ends with."""
    words = shlex.split(said.partition("the worker, where the secrets are set:")[2])
    return dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))


def test_a_new_user_comes_to_a_first_release(staging: Described, tmp_path: Path) -> None:
    repository = tmp_path / "app"
    commit(repository, "v1", {"pipeline.toml": manifest(APP, SCHEMA), "server.py": server(), **SHIFTS})
    ends = {"backup": "Completed", "verify-backup": "Proven", "release": "Promoted"}
    with at(tmp_path / "terminal", {"../app": str(repository)}) as terminal:
        for line in console_of("docs/setup.md"):
            said = terminal.walk(line)
            if "deploy" in line.command:
                terminal.variables |= printed_for_the_worker(said)
                assert terminal.variables.keys() >= {"PREFECT_API_URL", "PIPELINE_PROJECT"}
            assert ends.get(line.command.split()[1], "") in said
    assert staging.twins.served() == "main"
