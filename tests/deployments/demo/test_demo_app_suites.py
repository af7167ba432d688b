"""Each version of each demo app passes its own checks, run as its pipeline.toml says."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TAGS = ["v1", "v2", "v3"]
Checkout = Callable[[str], Path]


def manifest(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pipeline.toml").read_text())


@pytest.fixture
def run(variables: Callable[..., dict[str, str]]) -> Callable[..., None]:
    def in_folder(line: str, folder: Path, **more: str) -> None:
        words = ("sh", "-c", line)
        done = subprocess.run(words, cwd=folder, env=variables(**more), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    return in_folder


@pytest.mark.parametrize("tag", TAGS)
def test_unit_tests_alone_cover_what_the_manifest_asks_for(
    checkout: Checkout, run: Callable[..., None], tag: str
) -> None:
    folder = checkout(tag)
    wanted = manifest(folder)["checks"]["coverage"]
    run(wanted["command"], folder)
    covered = json.loads((folder / wanted["report"]).read_text())["totals"]["percent_covered"]
    assert covered >= wanted["minimum_percent"]


@pytest.mark.parametrize("tag", TAGS)
def test_integration_and_smoke_pass_on_the_expanded_schema(
    checkout: Checkout, migrate: Callable[..., None], run: Callable[..., None], serve: Any, database_url: str, tag: str
) -> None:
    folder = checkout(tag)
    migrate(folder, database_url)
    run(manifest(folder)["checks"]["integration"], folder, DATABASE_URL=database_url)
    with serve(folder, DATABASE_URL=database_url) as server:
        run(manifest(folder)["smoke"]["command"], folder, BASE_URL=server.url)
