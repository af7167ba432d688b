"""A file is old or new, never half, and nothing is left beside it."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.files import make_folder, write_atomically


def test_a_file_is_written_with_its_folders_and_only_for_us(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_atomically(path, "one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["b.json"]


def test_another_mode_can_be_asked_for(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "x", mode=0o644)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_failure_leaves_the_old_content_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write_atomically(tmp_path / "a", "old")
    monkeypatch.setattr(os, "fsync", disk_is_full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, contents, halves = tmp_path / "a", ["a" * 200_000, "b" * 100_000], []
    write_atomically(path, contents[0])
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            if path.read_text() not in contents:
                halves.append("half")

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(60):
        write_atomically(path, contents[turn % 2])
    done.set()
    reader.join()
    assert halves == []


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be made a folder") as caught:
        make_folder(tmp_path / "file" / "below")
    assert caught.value.field == str(tmp_path / "file" / "below")


def test_a_folder_that_is_there_is_given_back(tmp_path: Path) -> None:
    assert make_folder(tmp_path) == tmp_path
