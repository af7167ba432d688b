"""The verbs below `migrate` that need no platform: a revision written, and unsafe SQL found with its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deployments.cli import exit_codes, migrate_verbs
from infra.errors import BadInput

MANIFEST = 'name = "try-app"\n[commands]\nstart = "x"\n'
SCHEMA = '[schema]\ntool = "sql"\ndirectory = "db"\n'
RENAME = "CREATE TABLE t (id bigint);\n\nALTER TABLE users\n  RENAME TO people;\n"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    migrate_verbs.add_to(made)
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.toml").write_text(MANIFEST + SCHEMA)
    (tmp_path / "db").mkdir()
    return tmp_path


def test_generate_writes_the_files_and_names_them(app: typer.Typer, repository: Path) -> None:
    words = ["migrate", "generate", "-m", "Guards get a phone", "--repo", str(repository)]
    result = CliRunner().invoke(app, words)
    told = result.stdout.split()
    assert result.stderr.startswith("fill it in: only Alembic with models")
    assert [Path(path).name.split("_", 1)[1] for path in told] == [
        "guards_get_a_phone.sql",
        "guards_get_a_phone.down.sql",
    ]
    assert all(Path(path).exists() for path in told)


def test_lint_names_file_and_line_and_ends_with_the_code_of_a_closed_gate(app: typer.Typer, repository: Path) -> None:
    (repository / "db" / "1_rename.sql").write_text(RENAME)
    (repository / "db" / "1_rename.down.sql").write_text("SELECT 1;")
    result = CliRunner().invoke(app, ["migrate", "lint", "--repo", str(repository)])
    assert result.exit_code == exit_codes.GATE_CLOSED
    assert "1_rename.sql:4 rename: the version that knows the old name breaks" in result.output
    assert "2 statements in 1 revisions: 1 unsafe, 0 pieces of advice" in result.output


def test_lint_for_machines_is_one_object(app: typer.Typer, repository: Path) -> None:
    (repository / "db" / "1_rename.sql").write_text(RENAME)
    waiver = (
        '[[schema.waivers]]\nrule = "rename"\nrevision = "1"\nreason = "nothing is live yet"\nexpires = 2999-01-01\n'
    )
    (repository / "pipeline.toml").write_text(MANIFEST + SCHEMA + waiver)
    result = CliRunner().invoke(app, ["migrate", "lint", "--repo", str(repository), "--json"])
    told = json.loads(result.stdout)
    assert [finding["rule"] for finding in told["findings"]] == ["no-way-back"]
    assert told["waived"] == ["rename in 1 is waived until 2999-01-01: nothing is live yet"]


def test_safe_sql_ends_well(app: typer.Typer, repository: Path) -> None:
    (repository / "db" / "1_add.sql").write_text("ALTER TABLE users ADD COLUMN phone text;")
    (repository / "db" / "1_add.down.sql").write_text("ALTER TABLE users DROP COLUMN phone;")
    assert CliRunner().invoke(app, ["migrate", "lint", "--repo", str(repository)]).exit_code == exit_codes.OK


def test_an_app_without_a_schema_is_told_what_to_add(app: typer.Typer, repository: Path) -> None:
    (repository / "pipeline.toml").write_text(MANIFEST)
    result = CliRunner().invoke(app, ["migrate", "lint", "--repo", str(repository)])
    assert isinstance(result.exception, BadInput)
    assert result.exception.field == "pipeline.toml: schema"
