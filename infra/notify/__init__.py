"""Telling people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Level = Literal["info", "warning", "critical"]


@dataclass(frozen=True)
class Message:
    """What happened in one line, with details and a link."""

    title: str
    body: str
    level: Level
    link: str = ""


class Notify(Protocol):
    """One channel."""

    def send(self, message: Message) -> None:
        """Deliver it, or raise Unreachable or Rejected."""
