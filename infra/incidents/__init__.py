"""Incidents: something people must respond to, written down where it survives us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Priority = Literal["P1", "P2", "P3"]


@dataclass(frozen=True)
class Incident:
    """`key` is the same for the same event, so that opening it twice opens one. Times: seconds since the epoch."""

    key: str
    severity: Priority
    title: str
    body: str
    opened: float
    resolved: float | None = None


class Incidents(Protocol):
    """Where incidents are kept."""

    def open(self, incident: Incident) -> Incident:
        """Write it down; the one already open under the same key when there is one."""

    def resolve(self, key: str) -> bool:
        """What it was about is over; False where none is open under `key`."""

    def find(self, key: str) -> Incident | None:
        """The incident under `key`."""

    def list(self) -> list[Incident]:
        """All of them, newest first."""
