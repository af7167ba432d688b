"""Which files of a version go to Vercel, and by which names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.hosting import vercel_source
from infra.hosting.vercel_source import pieces_of


def test_files_go_by_their_path_and_the_hash_of_their_content(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.js").write_text("hello")
    (tmp_path / "empty").write_text("")
    found = {piece.name: piece.listed() for piece in pieces_of(tmp_path)}
    assert list(found) == ["empty", "pages/index.js"]
    assert found["pages/index.js"] == {
        "file": "pages/index.js",
        "sha": hashlib.sha1(b"hello").hexdigest(),
        "size": 5,
    }


def test_what_checks_and_machines_leave_behind_stays_here(tmp_path: Path) -> None:
    for name in ("node_modules/x/index.js", ".git/config", ".next/cache", "app/__pycache__/a.pyc", ".env.local"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / ".env.production").write_text("NEXT_PUBLIC_A=1")
    assert [piece.name for piece in pieces_of(tmp_path)] == [".env.production"]


def test_no_files_and_too_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="has no files"):
        pieces_of(tmp_path)
    for number in range(3):
        (tmp_path / str(number)).write_text("")
    monkeypatch.setattr(vercel_source, "MOST_FILES", 2)
    with pytest.raises(BadInput, match="3 files; Vercel takes 2"):
        pieces_of(tmp_path)
