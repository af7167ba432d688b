"""The object store of the twins is apart from that of a platform that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.twins.vercel_place import object_store
from infra.environment import Environment, LocalPlatform
from infra.local.object_store import ObjectStore
from infra.ports import free_port


def test_it_leaves_the_store_of_the_platform_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "state"))
    mine = ObjectStore(Environment(name="local", kind="local", platform=LocalPlatform(object_store_port=free_port())))
    mine.up(print)
    try:
        before = mine.status()
        with object_store(tmp_path / "twins") as objects:
            objects.put("a", b"1")
            assert objects.get("a") == b"1"
        assert (mine.status().state, mine.status().pid) == ("healthy", before.pid)
        assert [folder.name for folder in (tmp_path / "state").iterdir()] == ["local"], "it leaves nothing there"
    finally:
        mine.down(print)
