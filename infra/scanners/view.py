"""A private copy of the source in which nothing tells a scanner to look away.

Files such as `.semgrepignore` and `.bandit` in an app's repository switch findings off without a trace. In the copy
they have another name, so that they are still looked at, as text. The only way to accept a finding is a waiver.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.errors import BadInput

SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv"})
CONTROL_FILES = frozenset(
    {".semgrepignore", ".bandit", ".gitignore", ".ignore", ".gitattributes", "kingfisher.yaml", "kingfisher.yml"}
)
_AS_TEXT = ".as-text"


@dataclass(frozen=True)
class View:
    """The copy's folder, and its files relative to it, sorted."""

    folder: Path
    files: tuple[PurePosixPath, ...]

    def with_suffix(self, *suffixes: str) -> tuple[PurePosixPath, ...]:
        """The files whose name ends in one of `suffixes`."""
        return tuple(file for file in self.files if file.suffix in suffixes)


@contextmanager
def view_of(source: Path) -> Iterator[View]:
    """Copy `source` to a temporary folder for as long as the scan lasts. Raises as `list_files` does."""
    files = list_files(source)
    with tempfile.TemporaryDirectory(prefix="pipeline-scan-") as temporary:
        folder = Path(temporary) / "source"
        folder.mkdir()
        yield View(folder, tuple(sorted(_copy(source, relative, folder) for relative in files)))


def list_files(source: Path) -> tuple[PurePosixPath, ...]:
    """Every regular file below `source`, relative to it. Links are not followed: what they point to inside the
    source is looked at by its own name, and what is outside is not part of the version.

    Raises BadInput when `source` is no folder or holds no file: a scan of nothing would find nothing.
    """
    if not source.is_dir():
        raise BadInput("source", f"{source} is not a folder", "give the folder of a checked-out version")
    if not (files := tuple(_walk(source))):
        raise BadInput("source", f"{source} holds no file", "give the folder of a checked-out version")
    return files


def _walk(source: Path) -> Iterator[PurePosixPath]:
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield PurePosixPath(path.relative_to(source).as_posix())


def original(path: str) -> str:
    """The name in the source of a path in the copy."""
    return path.removeprefix("./").removesuffix(_AS_TEXT)


def _copy(source: Path, relative: PurePosixPath, folder: Path) -> PurePosixPath:
    kept = relative.with_name(relative.name + _AS_TEXT) if relative.name in CONTROL_FILES else relative
    target = folder / kept
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / relative, target)
    return kept
