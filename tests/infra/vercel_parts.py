"""Fixtures of the Vercel tests: one object store for the session, a twin of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_place import VercelPlace, object_store
from infra.objects import Objects, StoredObject

NUMBERS = itertools.count(1)


class Below:
    """A part of an object store that a test has to itself."""

    def __init__(self, objects: Objects) -> None:
        self._objects, self._prefix = objects, f"{next(NUMBERS)}/"

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        self._objects.put(self._prefix + key, content, content_type)

    def get(self, key: str) -> bytes | None:
        return self._objects.get(self._prefix + key)

    def list(self, prefix: str) -> list[StoredObject]:
        found = self._objects.list(self._prefix + prefix)
        return [StoredObject(one.key.removeprefix(self._prefix), one.bytes, one.modified) for one in found]

    def delete(self, key: str) -> None:
        self._objects.delete(self._prefix + key)

    def link(self, key: str, seconds: int = 60) -> str:
        return self._objects.link(self._prefix + key, seconds)


@pytest.fixture(scope="session")
def store_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    with object_store(tmp_path_factory.mktemp("objects")) as objects:
        yield objects


@pytest.fixture
def vercel(store_of_the_session: Objects, tmp_path: Path) -> Iterator[VercelPlace]:
    with VercelTwin() as twin:
        place = VercelPlace(twin, Below(store_of_the_session), tmp_path / "sources")
        yield place
        place.project.api.close()
