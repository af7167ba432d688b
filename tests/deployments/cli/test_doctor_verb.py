"""`pipeline doctor` as a person or a machine runs it: a table or JSON, an exit code, and no secret anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deployments.cli.application import app
from deployments.twins.cloudflare import ZONE, CloudflareTwin

FILE = """
name = "staging"
kind = "staging"

[cloudflare]
zone = "{zone}"
token = "env:T_TOKEN"
api = "{api}"
domains = ["localhost:1"]
"""
SECRET = "cloudflare-planted-0815"  # it opens nothing but the twin


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudflareTwin]:
    """The environment `staging`, of which there is only the zone."""
    monkeypatch.setenv("T_TOKEN", SECRET)
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    with CloudflareTwin(token=SECRET) as found:
        (tmp_path / "staging.toml").write_text(FILE.format(zone=ZONE, api=found.url))
        yield found


def test_as_json_it_tells_each_finding_and_ends_with_1_while_something_is_missing(twin: CloudflareTwin) -> None:
    done = CliRunner().invoke(app, ["doctor", "--env", "staging", "--json"])
    told = json.loads(done.stdout)
    states = {(one["part"], one["what"]): one["state"] for one in told["findings"]}
    assert done.exit_code == 1
    assert (told["environment"], told["is_well"]) == ("staging", False)
    assert states["cloudflare", "token"] == states["cloudflare", "zone"] == states["variables", "T_TOKEN"] == "well"
    assert states["cloudflare", "certificate of localhost:1"] == "silent"
    assert (
        states["supabase", "project"] == states["vercel", "project"] == states["object store", "records"] == "missing"
    )
    assert all(one["fix"] for one in told["findings"] if one["state"] != "well")
    assert SECRET not in done.output


def test_as_a_table_it_shows_what_is_missing_with_the_fix(
    twin: CloudflareTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, ["doctor", "--env", "staging"])
    assert done.exit_code == 1
    assert "add [supabase]; example.toml explains its keys" in done.output
    assert "missing" in done.output
    assert SECRET not in done.output


def test_it_makes_nothing(twin: CloudflareTwin, tmp_path: Path) -> None:
    CliRunner().invoke(app, ["doctor", "--env", "staging"])
    assert not (tmp_path / "state").exists()
    assert {entry.request.method for entry in twin.log} == {"GET"}
