"""What can be done with an environment's backups: list, prove, plan, restore, expire, and promote the standby."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from infra.database import Say
from infra.database.catalog import Backup
from infra.database.proof import Proof
from infra.database.restore_plan import Plan
from infra.database.targets import Target


@dataclass(frozen=True)
class Restored:
    """How a restore ended. `kept` is the folder in which the replaced cluster lies. Seconds: until it took writes."""

    target: str
    backup: str
    timeline: int
    kept: str
    seconds: float
    closed_seconds: float


@dataclass(frozen=True)
class Promoted:
    """How a promotion ended. `lost_bytes` bounds what the old primary had written and the new one never got.

    None: the old primary could not be asked. `kept` is its folder; `closed_seconds` is how long nobody could write.
    """

    lost_bytes: int | None
    kept: str
    closed_seconds: float


class Recovery(Protocol):
    """Raises Rejected for what is wrong with a backup, BadInput for a target that cannot be."""

    def backups(self) -> list[Backup]:
        """The catalog, newest first."""

    def verify(self, say: Say) -> Proof:
        """Restore the newest backup beside, check it, and keep the signed evidence."""

    def plan(self, target: Target) -> Plan:
        """What a restore would do; touches nothing."""

    def restore(self, target: Target, say: Say) -> Restored:
        """A new cluster from the backups takes over port and role; the old one is kept aside."""

    def promote_standby(self, say: Say) -> Promoted:
        """The standby becomes the primary, and the old primary's place is taken by a new standby."""
