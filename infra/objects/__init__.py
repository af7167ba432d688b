"""The object store: whole objects by key, in one bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """A key with its size in bytes and when it was written (seconds since the epoch)."""

    key: str
    bytes: int
    modified: float


class Objects(Protocol):
    """Raises Unreachable on silence, Rejected when the store says no."""

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Write the whole object, replacing what was there."""

    def get(self, key: str) -> bytes | None:
        """The whole object, or None when there is none."""

    def list(self, prefix: str) -> list[StoredObject]:
        """All objects below a prefix, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove it; harmless when it is not there."""

    def link(self, key: str, seconds: int = 604_800) -> str:
        """A URL that a browser can open without credentials for `seconds` (at most seven days)."""
