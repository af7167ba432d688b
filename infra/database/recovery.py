"""What can be done with the backups of an environment, whoever keeps its database: a cluster of ours or a vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from infra.database import Say
from infra.database.catalog import Backup
from infra.database.points import KnownPoint
from infra.database.proof import Proof
from infra.database.retention import Expired
from infra.database.targets import Target
from infra.local.postgres_app_restore import AppRestored
from infra.local.postgres_promotion import Promotion
from infra.local.postgres_restore import Restored


class RestorePlan(Protocol):
    """What a restore would do."""

    def lines(self) -> list[str]:
        """What a person wants to know before saying yes."""


class Evidence(Protocol):
    """What there is to return to, and the proof that it can be returned to. Raises Rejected for a damaged record."""

    def backups(self) -> list[Backup]:
        """The catalog, newest first."""

    def points(self) -> list[KnownPoint]:
        """The restore points, newest first."""

    def newest_proof(self) -> Proof | None:
        """The newest signed evidence."""

    def revisions(self) -> dict[str, list[str]]:
        """Each app that has data, with the schema revisions that it has now."""

    def verify(self, say: Say, invariants: Mapping[str, Sequence[str]] | None = None) -> Proof:
        """Restore the newest backup beside, check it, and keep the signed evidence. Raises Rejected."""


class Recovery(Evidence, Protocol):
    """The ways back. Raises Rejected for what is wrong with a backup, BadInput for a target that cannot be."""

    def plan(self, target: Target, say: Say) -> RestorePlan:
        """What a restore would do; touches no data."""

    def restore(self, target: Target, say: Say) -> Restored:
        """The data of all apps as it was at the target; what is replaced is kept."""

    def restore_app(self, app: str, point: str, slot: str, file: Path, say: Say) -> AppRestored:
        """One app's data back to a restore point, and forward with the rows committed since."""

    def promote_standby(self, say: Say) -> Promotion:
        """The standby becomes the primary."""

    def hold_log(self, app: str, slot: str) -> None:
        """From now on every row committed in the app's database can be read again."""

    def let_go_of_log(self, slot: str) -> None:
        """Harmless when nothing is held."""

    def expire(self, days: float, say: Say) -> Expired:
        """Let go of what no moment of the last `days` needs."""
