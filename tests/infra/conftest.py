"""A data platform of its own, started once for the whole session: object store, primary, standby, control."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from data_platform_parts import DataPlatform, data_environment
from supabase_place import project as project  # a fixture
from vercel_parts import store_of_the_session, vercel

from infra.database.local import LocalDatabase
from infra.local.object_store import ObjectStore
from infra.local.postgres import ControlPostgres, Primary, Standby

__all__ = ["store_of_the_session", "vercel"]

FIRST_PORT = 26_100
PORTS_OF_A_WORKER = 4
WORKERS = 4  # the ports after theirs are for clusters that one test makes for itself


@pytest.fixture(scope="session")
def session_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataPlatform]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    assert worker < WORKERS, f"there are ports for {WORKERS} workers; use -n {WORKERS} or fewer"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PIPELINE_STATE", raising=False)
        environment = data_environment(tmp_path_factory.mktemp("data"), FIRST_PORT + PORTS_OF_A_WORKER * worker)
        platform = DataPlatform(
            environment,
            ObjectStore(environment),
            Primary(environment),
            Standby(environment),
            ControlPostgres(environment),
            LocalDatabase(environment),
        )
        try:
            for service in platform.services:
                service.up(print)
            yield platform
        finally:
            for service in reversed(platform.services):
                service.down(print)


@pytest.fixture
def data_platform(session_platform: DataPlatform, monkeypatch: pytest.MonkeyPatch) -> DataPlatform:
    """All four services, healthy; a test that breaks one mends it."""
    monkeypatch.delenv("PIPELINE_STATE", raising=False)
    return session_platform


@pytest.fixture
def scratch_url(data_platform: DataPlatform) -> Iterator[str]:
    """An empty database for one test."""
    url = data_platform.database.scratch("shop")
    yield url
    data_platform.database.drop_scratch(url)
