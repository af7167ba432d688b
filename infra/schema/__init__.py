"""An app's schema: which revision its database has, which are pending, and the way in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Say = Callable[[str], None]


@dataclass(frozen=True)
class Revision:
    """One step of the schema. `branch` is expand or contract."""

    id: str
    branch: str
    title: str
    has_way_back: bool


class Schema(Protocol):
    """The schema of one app's database, as the revisions in one version of its source see it."""

    def current(self) -> tuple[str, ...]:
        """The revisions that the database says it has (heads), read from the database."""

    def pending(self, branch: str) -> list[Revision]:
        """Revisions of `branch` that the database does not have yet, oldest first."""

    def upgrade(self, branch: str, say: Say) -> tuple[str, ...]:
        """Apply all pending revisions of `branch`; what the database has then."""

    def back_to(self, revisions: tuple[str, ...], say: Say) -> tuple[str, ...]:
        """Undo, newest first, what was applied since `revisions`; harmless when nothing was."""

    def sql(self, branch: str) -> str:
        """What `upgrade` would run, as SQL, without touching the database."""

    def fingerprint(self) -> str:
        """A digest of tables, columns, types, defaults, indexes and constraints: equal means the same schema."""
