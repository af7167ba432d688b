"""A version's files in the form in which Vercel takes them: each named by its path and by the hash of its content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from infra.errors import BadInput

# What checks leave beside the source, and what Vercel makes itself.
LEFT_OUT = frozenset(
    {
        ".git",
        ".hypothesis",
        ".mypy_cache",
        ".next",
        ".pytest_cache",
        ".ruff_cache",
        ".venv",
        ".vercel",
        "__pycache__",
        "node_modules",
    }
)
MOST_FILES = 15_000


@dataclass(frozen=True)
class Piece:
    """One file. `name` is its path below the source's folder, with slashes."""

    name: str
    path: Path
    sha: str
    size: int

    def listed(self) -> dict[str, str | int]:
        """As a deployment lists it."""
        return {"file": self.name, "sha": self.sha, "size": self.size}


def pieces_of(folder: Path) -> list[Piece]:
    """The files below `folder`, in order. Raises BadInput when there are none, or more than Vercel takes."""
    found = [
        Path(place, name)
        for place, folders, names in os.walk(folder)
        if _prune(folders)
        for name in names
        if not _is_of_one_machine(name)
    ]
    if not found:
        raise BadInput("source", f"{folder.name} has no files", "release a version that has some")
    if len(found) > MOST_FILES:
        problem = f"{len(found)} files; Vercel takes {MOST_FILES}"
        raise BadInput("source", problem, "keep what the build makes out of the repository")
    return [_piece(folder, path) for path in sorted(found)]


def _prune(folders: list[str]) -> bool:
    """Keeps the walk out of what is left out."""
    folders[:] = [name for name in folders if name not in LEFT_OUT]
    return True


def _is_of_one_machine(name: str) -> bool:
    """`.env.local`, `.env.production.local`: settings of whoever works there."""
    return name.startswith(".env") and name.endswith(".local")


def _piece(folder: Path, path: Path) -> Piece:
    content = path.read_bytes()
    # Vercel names files by their SHA-1; nothing is trusted because of it.
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return Piece(path.relative_to(folder).as_posix(), path, digest, len(content))
