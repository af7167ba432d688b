"""An app's schema: which revision its database has, which are pending, and the way in both directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Say = Callable[[str], None]


@dataclass(frozen=True)
class Revision:
    """One step of the schema. `branch` is expand or contract; `reason` is the author's, for having no way back."""

    id: str
    branch: str
    title: str
    has_way_back: bool
    reason: str = ""
    file: str = ""


@dataclass(frozen=True)
class Written:
    """A revision with what it would run as SQL, and the SHA-256 of its file."""

    revision: Revision
    sql: str
    digest: str


class Schema(Protocol):
    """The schema of one app's database, as the revisions in one version of its source see it."""

    def current(self) -> tuple[str, ...]:
        """The revisions that the database says it has (heads), read from the database; sorted."""

    def pending(self, branch: str) -> list[Revision]:
        """Revisions of `branch` that the database does not have yet, oldest first."""

    def written(self, branch: str, have: tuple[str, ...] | None = None) -> list[Written]:
        """What `upgrade` would run, oldest first: now, or on a database at `have`, which then is not asked."""

    def upgrade(self, branch: str, say: Say) -> tuple[str, ...]:
        """Finish backfills that were left, then apply all pending revisions of `branch`; what the database has then."""

    def back_to(self, revisions: tuple[str, ...], say: Say) -> tuple[str, ...]:
        """Undo, newest first, what was applied since `revisions`; harmless when nothing was."""
