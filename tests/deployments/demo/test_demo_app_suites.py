"""Each version of each demo app passes its own checks, run as its pipeline.toml says."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.demo.repository import create_repository
from infra.manifest import read_manifest
from infra.schema.alembic_branches import AlembicSchema

# v1 is contained in v2 and v3, whose suites hold all of its tests that still apply.
TAGS = [pytest.param("v1", marks=pytest.mark.slow), "v2", "v3"]
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
    checkout: Checkout, run: Callable[..., None], serve: Any, database_url: str, tag: str
) -> None:
    folder = checkout(tag)
    AlembicSchema(folder / manifest(folder)["schema"]["directory"], database_url).upgrade("expand", print)
    run(manifest(folder)["checks"]["integration"], folder, DATABASE_URL=database_url)
    with serve(folder, DATABASE_URL=database_url) as server:
        run(manifest(folder)["smoke"]["command"], folder, BASE_URL=server.url)


def test_the_versions_pinned_by_the_app_are_the_ones_that_run_here(checkout: Checkout) -> None:
    lines = (checkout("v1") / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins == {name: version(name) for name in pins}


TOYS = [("toy-flag", "python3 -m unittest -q", "v3"), ("toy-node", "node --test", "v2"), ("toy-shell", "make", "v2")]


@pytest.mark.parametrize(("app", "unit", "newest"), TOYS)
def test_a_toy_builds_starts_and_says_its_version(
    app: str, unit: str, newest: str, tmp_path: Path, run: Callable[..., None], serve: Any
) -> None:
    folder = create_repository(tmp_path / app, app).folder
    said = manifest(folder)
    assert unit in (said["commands"].get("build"), said.get("checks", {}).get("unit"))
    run(unit, folder)
    with serve(folder) as server:
        assert httpx.get(server.url + said["health"]["path"]).json() == {"status": "ok", "version": newest}
        assert "Toy" in httpx.get(server.url + "/").text


@pytest.mark.parametrize("app", ["securyflex", "toy-flag", "toy-node", "toy-shell"])
def test_the_pipeline_reads_the_manifest_of_every_app(app: str, tmp_path: Path) -> None:
    assert read_manifest(create_repository(tmp_path / app, app).folder).name in (app, f"{app}-demo")
