"""Where source comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from infra.commands import Say


class CodeHost(Protocol):
    """Git repositories by path or URL."""

    def resolve(self, repository: str, ref: str) -> str:
        """The full commit id of `ref`. Raises BadInput when the repository or the ref does not exist."""

    def checkout(self, repository: str, version: str, folder: Path, say: Say) -> None:
        """Write the files of commit `version` to `folder`; harmless when they are there already."""
