"""The shield in front of an environment: while it is raised, every visitor's browser is checked before it gets in."""

from __future__ import annotations

from typing import Protocol

UNDER_ATTACK = "under_attack"


class Shield(Protocol):
    """Raises Unreachable on silence, Rejected for a no, Unknown when a write may have happened."""

    @property
    def shield_name(self) -> str:
        """Whose it is."""

    @property
    def usual_level(self) -> str:
        """Where it is when nobody is attacked and nobody said otherwise."""

    def security_level(self) -> str:
        """Where it is now; `under_attack` is the highest."""

    def set_security_level(self, level: str) -> None:
        """Harmless to repeat; where a raised one ends by itself, it lasts its whole time from now on."""
