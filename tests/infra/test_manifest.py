"""An app's manifest is read as written, and a wrong one is refused by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.manifest import FILE_NAME, Coverage, SchemaFiles, read_manifest

LEAST = 'name = "my-app"\n[commands]\nstart = "node server.js"\n'
WHOLE = (
    LEAST
    + """install = "npm ci"
build = "npm run build"
timeout_seconds = 60
[health]
path = "/healthz"
[checks]
unit = "npm test"
integration = "npm run it"
[checks.coverage]
command = "npm run coverage"
report = "coverage/coverage-summary.json"
minimum_percent = 82.5
[smoke]
paths = ["/", "/login"]
[schema]
directory = "migrations/versions"
"""
)


def write(folder: Path, text: str) -> Path:
    (folder / FILE_NAME).write_text(text)
    return folder


def test_the_least_manifest_is_enough(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, LEAST))
    assert (manifest.name, manifest.commands.start, manifest.health.path) == ("my-app", "node server.js", "/")
    assert (manifest.checks.coverage, manifest.migrations) == (None, None)


def test_a_whole_manifest_is_read_as_written(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, WHOLE))
    assert manifest.checks.coverage == Coverage(
        command="npm run coverage", report="coverage/coverage-summary.json", minimum_percent=82.5
    )
    assert manifest.smoke.paths == ("/", "/login")
    assert manifest.migrations == SchemaFiles(directory="migrations/versions")


def test_a_missing_manifest_shows_the_least_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"pipeline\.toml: is missing") as caught:
        read_manifest(tmp_path)
    assert "[commands] start" in caught.value.hint


@pytest.mark.parametrize("name", ["", "ab", "My-App", "1app", "app-", "a" * 41, "my_app", "my app", "app\\n"])
def test_a_name_that_cannot_be_a_host_or_a_database_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_manifest(write(tmp_path, LEAST.replace("my-app", name)))
    assert caught.value.field == f"{FILE_NAME}: name"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('name = "my-app"\n', "commands"),
        (LEAST.replace('"node server.js"', '""'), "commands.start"),
        (LEAST + "[helth]\n", "helth"),
        (LEAST + '[health]\npath = "healthz"\n', "health.path"),
        (LEAST + "timeout_seconds = 0\n", "commands.timeout_seconds"),
        (LEAST + "timeout_seconds = 7201\n", "commands.timeout_seconds"),
        (
            LEAST + '[checks.coverage]\ncommand = "x"\nreport = "y"\nminimum_percent = 101\n',
            "checks.coverage.minimum_percent",
        ),
        (LEAST + '[checks.coverage]\ncommand = "x"\n', "checks.coverage.report"),
        (LEAST + '[schema]\ndirectory = "m"\ntool = "flyway"\n', "schema.tool"),
        (LEAST + '[migrations]\ndirectory = "m"\n', "migrations"),
        (LEAST + '[schema]\ndirectory = "m"\ninvariants = ["DELETE FROM t"]\n', "schema.invariants"),
        (LEAST + '[schema]\ndirectory = "m"\nmodels = "app models"\n', "schema.models"),
        (LEAST + '[[schema.waivers]]\nrule = "rename"\n', "schema.directory"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_manifest(write(tmp_path, text))
    assert caught.value.field == f"{FILE_NAME}: {field}"
