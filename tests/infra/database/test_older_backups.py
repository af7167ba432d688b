"""Older backups are looked into a little at a time, those looked at longest ago first, and damage is named."""

from __future__ import annotations

import dataclasses

import pytest
from data_platform_parts import DataPlatform

from infra.database.archive import Archive
from infra.database.catalog import Backup
from infra.database.older_backups import open_some
from infra.database.pieces import store_pieces
from infra.database.proof import Refutation, newest_proof, write_refutation
from infra.errors import Rejected
from infra.local.postgres_settings import archive_of


@pytest.fixture
def archive(data_platform: DataPlatform, request: pytest.FixtureRequest) -> Archive:
    """An archive of no cluster: nothing else lies in it."""
    return dataclasses.replace(archive_of(data_platform.environment), cluster=f"none-{request.node.name[:40]}")


def stored(archive: Archive, name: str, ended: float, pieces: int) -> Backup:
    folder = archive.place("base", name, "")
    found = tuple(store_pieces(archive, folder, [f"{name} {n}".encode() for n in range(pieces)]))
    return Backup(name, name, archive.cluster, "18", 1, "0/0", "0/1", ended - 1, ended, 10, found, {})


def test_each_night_goes_on_where_the_last_one_stopped(archive: Archive) -> None:
    old, young = stored(archive, "old", 1, 3), stored(archive, "young", 2, 2)
    assert open_some(archive, [young, old], at_most=2).opened == 2
    damage(archive, old, 0)  # was opened in the first night already
    second = open_some(archive, [young, old], at_most=2)
    assert (second.opened, second.damaged) == (2, ()), "the last of the old one, then the first of the young one"
    third = open_some(archive, [young, old], at_most=2)
    assert third.opened == 1, "the rest of the young one; the old one has its turn again"
    assert third.damaged[0].startswith("backup old: backup object none-")


def test_a_missing_and_a_swapped_object_are_named_and_the_others_are_still_opened(archive: Archive) -> None:
    lacking, swapped, whole = (stored(archive, name, n, 2) for n, name in enumerate(("lacking", "swapped", "whole")))
    archive.objects.delete(lacking.pieces[1].key)
    archive.objects.put(swapped.pieces[0].key, archive.objects.get(swapped.pieces[1].key) or b"")
    found = open_some(archive, [lacking, swapped, whole])
    assert found.opened == 3
    assert [line.split(":")[0] for line in found.damaged] == ["backup lacking", "backup swapped"]
    assert "is missing" in found.damaged[0]
    assert "is damaged" in found.damaged[1]


def test_without_older_backups_nothing_is_opened(archive: Archive) -> None:
    assert open_some(archive, []).opened == 0


def test_a_no_outlives_every_proof_before_it(archive: Archive) -> None:
    assert newest_proof(archive) is None
    write_refutation(archive, Refutation("20260101T000000000-a", 1.0, "backup x is damaged", "use another"))
    with pytest.raises(Rejected, match="the last verification, 20260101T000000000-a, failed: backup x is damaged"):
        newest_proof(archive)


def damage(archive: Archive, backup: Backup, number: int) -> None:
    key = backup.pieces[number].key
    content = archive.objects.get(key) or b""
    archive.objects.put(key, content[:-1] + bytes([content[-1] ^ 1]))
