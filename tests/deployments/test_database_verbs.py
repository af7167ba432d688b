"""The verbs for the data: what they refuse by themselves, and what they list."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from deployments.cli import database_verbs
from infra.environment import Environment
from infra.errors import BadInput
from infra.platform import database_of

app = typer.Typer()
database_verbs.add_to(app)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "0 targets were given"),
        (["--to-latest", "--to-point", "x"], "2 targets were given"),
        (["--to-time", "noon"], "is no time"),
    ],
)
def test_a_restore_without_one_clear_target_starts_nothing(words: list[str], said: str) -> None:
    outcome = CliRunner().invoke(app, ["restore", *words])
    assert isinstance(outcome.exception, BadInput)
    assert said in str(outcome.exception)


def test_every_verb_explains_itself() -> None:
    for verb in ("verify-backup", "restore", "promote-standby", "backups"):
        outcome = CliRunner().invoke(app, [verb, "--help"])
        assert outcome.exit_code == 0
        assert "--env" in outcome.output


@pytest.mark.platform
def test_what_there_is_to_return_to_is_listed(started_platform: Environment) -> None:
    database = database_of(started_platform)
    made, point = database.snapshot("listed", print), database.mark("listed-point")
    found = json.loads(CliRunner().invoke(app, ["backups", "--json"]).stdout)
    assert found["backups"][0]["id"] == made.id
    assert found["backups"][0]["bytes"] == made.bytes
    assert (found["points"][0]["name"], found["points"][0]["lsn"]) == (point.name, point.lsn)
    shown = CliRunner().invoke(app, ["backups"]).stdout
    assert "listed" in shown
    assert "listed-point" in shown
