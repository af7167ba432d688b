"""Object store and edge for ramps, started once for the session on ports of their own; no database, no Prefect."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ramp_world import SITES, Place, World, make_world

from infra.local.edge import EdgeProxy
from infra.local.object_store import ObjectStore

NUMBERS = itertools.count(1)
WORKERS = 4


@pytest.fixture(scope="session")
def session_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Path]]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    assert worker < WORKERS, f"there are ports for {WORKERS} workers; use -n {WORKERS} or fewer"
    place, state = Place(tmp_path_factory.mktemp("environments"), worker), tmp_path_factory.mktemp("state")
    environment = place.write()
    services = (ObjectStore, EdgeProxy)
    started = []
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PIPELINE_STATE", str(state))
            for kind in services:
                started.append(kind(environment))
                started[-1].up(print)
        yield place, state
    finally:
        for service in reversed(started):
            service.down(print)


@pytest.fixture
def world(session_place: tuple[Place, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """An app of its own, with nothing live yet and the quick policy."""
    place, state = session_place
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(place.folder))
    monkeypatch.setenv("PIPELINE_STATE", str(state))
    place.write()
    found = make_world(place, f"ramp-{next(NUMBERS) % SITES}", tmp_path / "app")
    yield found
    found.close()
