"""Supabase's own command-line tool, which nobody here wrote, against the twin: it sees what our client began."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.bench.vendors_data import supabase_ground
from deployments.twins.supabase import SupabaseTwin
from infra.database.supabase_api import SupabaseApi
from infra.errors import Rejected

VERSION = "3.1.0"
INSTALLED = "PIPELINE_SUPABASE_CLI"  # the path of one that is installed already
# The tool takes another address from a profile only.
PROFILE = """
name: twin
api_url: {url}
dashboard_url: {url}
docs_url: {url}
project_host: 127.0.0.1
pooler_host: 127.0.0.1
client_id: 0b5a1d4e-7c1f-4a53-9f0e-3a7d8f6b2c11
studio_image: none
"""
pytestmark = pytest.mark.slow
Run = Callable[..., Any]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    given = os.environ.get(INSTALLED, "")
    if given:
        return given
    if not shutil.which("npm"):
        pytest.skip("npm is not here: the vendor's own tool cannot be installed")
    folder = tmp_path_factory.mktemp("supabase-cli")
    words = ["npm", "install", "--no-audit", "--no-fund", f"supabase@{VERSION}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"supabase@{VERSION} cannot be installed here: {done.stderr[-300:]}")
    return str(folder / "node_modules" / ".bin" / "supabase")


@pytest.fixture
def place() -> Iterator[tuple[SupabaseTwin, SupabaseApi]]:
    with supabase_ground().open() as found:
        found.twin.state.add_branch("main", "main", is_default=True)
        yield found.twin, found.api


@pytest.fixture
def supabase(program: str, place: tuple[SupabaseTwin, SupabaseApi], tmp_path: Path) -> Run:
    """What the tool answered, as JSON; None when it answered in words."""
    twin, _ = place
    profile = tmp_path / "twin.yaml"
    profile.write_text(PROFILE.format(url=twin.url))
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SUPABASE_ACCESS_TOKEN": twin.token,
        "SUPABASE_PROFILE": str(profile),
        "SUPABASE_TELEMETRY_DISABLED": "1",
        "DO_NOT_TRACK": "1",
    }

    def run(*words: str) -> Any:
        line = [program, *words, "--project-ref", twin.state.ref, "--output", "json", "--yes"]
        done = subprocess.run(line, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        assert twin.token not in done.stdout + done.stderr
        begins = min((found for mark in "[{" if (found := done.stdout.find(mark)) >= 0), default=None)
        return None if begins is None else json.loads(done.stdout[begins:])

    return run


def test_it_sees_the_branch_that_our_client_made_and_drops_it(
    place: tuple[SupabaseTwin, SupabaseApi], supabase: Run
) -> None:
    _, api = place
    made = api.ensure_branch("preview-7", "feature/seven")
    assert [branch["id"] for branch in supabase("branches", "list")] == [branch.id for branch in api.branches()]
    found = supabase("branches", "get", "preview-7")
    assert made.project_ref in json.dumps(found)
    supabase("branches", "delete", "preview-7")
    assert api.find_branch("preview-7") is None


def test_our_client_finds_the_branch_that_it_made(place: tuple[SupabaseTwin, SupabaseApi], supabase: Run) -> None:
    _, api = place
    supabase("branches", "create", "preview-8")
    found = api.find_branch("preview-8")
    assert found
    assert api.ensure_branch("preview-8", "feature/eight").id == found.id


def test_both_read_the_same_window_and_see_one_restore(place: tuple[SupabaseTwin, SupabaseApi], supabase: Run) -> None:
    twin, api = place
    kept, told = api.backups(), supabase("backups", "list")
    assert told["pitr_enabled"] is kept.pitr_enabled is True
    window = told["physical_backup_data"]
    assert kept.physical.earliest
    assert abs(window["earliest_physical_backup_date_unix"] - kept.physical.earliest) < 60
    second = int(time.time()) - 3600
    twin.state.restore_looks = 3
    supabase("backups", "restore", "--timestamp", str(second))
    assert twin.state.restores == [second]
    assert api.project().status == "RESTORING"
    with pytest.raises(Rejected, match="Project is RESTORING"):
        api.restore_to(second, print)
    assert twin.state.restores == [second]


def test_a_range_that_it_lets_in_is_let_in_for_our_client(
    place: tuple[SupabaseTwin, SupabaseApi], supabase: Run
) -> None:
    _, api = place
    supabase("network-restrictions", "update", "--db-allow-cidr", "192.0.2.0/24", "--append", "--experimental")
    assert "192.0.2.0/24" in api.restrictions().config.v4
    api.restrict(remove=["192.0.2.0/24"])
    told = supabase("network-restrictions", "get", "--experimental")
    assert told["config"]["dbAllowedCidrs"] == api.restrictions().config.v4


def test_it_sees_the_names_of_the_same_keys(place: tuple[SupabaseTwin, SupabaseApi], supabase: Run) -> None:
    _, api = place
    ours = api.keys()
    assert [key["type"] for key in supabase("projects", "api-keys")] == [key.type for key in ours]
