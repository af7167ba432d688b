"""The doctor at a real object store: what a key may do shows by doing it, and nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from data_platform_parts import DataPlatform, within
from vendor_data import VARIABLES, as_toml, vendor_environment

from infra.doctor import Finding, examine
from infra.doctor.storage import check_proving_ground, check_storage
from infra.environment import Environment
from infra.local.credentials import local_credentials
from infra.local.object_store import BACKUP_BUCKET, BUCKET, endpoint
from infra.objects.configured import configured_objects
from infra.ports import free_port


@pytest.fixture
def store(data_platform: DataPlatform, monkeypatch: pytest.MonkeyPatch) -> DataPlatform:
    keys = local_credentials(data_platform.environment.state)
    opened = {"T_S3_KEY": keys.object_store_key, "T_S3_SECRET": keys.object_store_secret}
    for name, value in {**VARIABLES, **opened}.items():
        monkeypatch.setenv(name, value)
    return data_platform


def staging(store: DataPlatform, folder: Path, url: str = "") -> Environment:
    where = url or endpoint(store.environment)
    return vendor_environment(folder, store=where, buckets=(BUCKET, BACKUP_BUCKET))


def buckets(environment: Environment) -> list[Finding]:
    return [one for one in examine(check_storage(environment)) if one.what in ("records", "backups")]


@contextmanager
def read_only(store: DataPlatform) -> Iterator[str]:
    """The same buckets with the same key, where nothing can be written."""
    port = free_port()
    words = ["rclone", "serve", "s3", str(store.environment.state / "objects"), "--read-only", "--addr"]
    key = f'"{os.environ["T_S3_KEY"]},{os.environ["T_S3_SECRET"]}"'
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / words[0]), *words[1:], f"127.0.0.1:{port}"],
        env={**os.environ, "RCLONE_AUTH_KEY": key, "RCLONE_CONFIG": ""},
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}").status_code > 0
        except httpx.TransportError:
            return False

    try:
        assert within(30, answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def test_both_buckets_are_written_read_and_left_as_they_were(store: DataPlatform, tmp_path: Path) -> None:
    environment = staging(store, tmp_path)
    both = [configured_objects(environment, backups=backups) for backups in (False, True)]
    before = [objects.list("") for objects in both]
    found = buckets(environment)
    assert [(one.state, "list, write, read and delete" in one.fact) for one in found] == [("well", True)] * 2
    assert [objects.list("") for objects in both] == before


def test_a_key_that_may_only_read_is_found(store: DataPlatform, tmp_path: Path) -> None:
    with read_only(store) as url:
        configured_objects(staging(store, tmp_path, url)).check()
        found = buckets(staging(store, tmp_path, url))
    # This store says no with 500, where others say 403.
    assert [one.state == "well" for one in found] == [False] * 2
    assert all(one.fact.startswith("put 'doctor/") for one in found)


@pytest.fixture
def production(store: DataPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Its staging is in the folder of environments, with a store that is open."""
    (tmp_path / "staging.toml").write_text(as_toml(staging(store, tmp_path).model_dump(exclude_none=True)))
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(tmp_path))
    return Environment(name="production", kind="production")


def test_the_records_that_a_release_to_production_asks_for_can_be_read(production: Environment) -> None:
    (found,) = examine(check_proving_ground(production))
    assert (found.what, found.state, "can be read" in found.fact) == ("records of staging", "well", True)


@pytest.mark.parametrize(("value", "said"), [("", "T_S3_KEY is not set"), ("another-key-4711", "403")])
def test_production_without_a_key_for_stagings_records_is_told_where_it_goes(
    production: Environment, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("T_S3_KEY", value)
    (found,) = examine(check_proving_ground(production))
    assert (found.state, said in found.fact) == ("missing", True), found
    assert "staging.toml" in found.fix


def test_a_store_that_is_silent_says_nothing_of_keys(production: Environment, tmp_path: Path) -> None:
    text = (tmp_path / "staging.toml").read_text()
    where = next(line for line in text.splitlines() if line.startswith("endpoint"))
    (tmp_path / "staging.toml").write_text(text.replace(where, 'endpoint = "http://127.0.0.1:1"'))
    (found,) = examine(check_proving_ground(production))
    assert found.state == "silent"


def test_an_environment_that_nothing_goes_before_is_not_asked() -> None:
    assert check_proving_ground(Environment(name="staging", kind="staging")) == []
