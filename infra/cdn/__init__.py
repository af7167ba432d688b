"""What stands between visitors and the edge: a cache to empty, a shield to raise, and the names that lead here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Zone:
    """The domain as the vendor has it. `is_active`: it answers for the names; `is_paused`: it only does that."""

    name: str
    is_active: bool
    is_paused: bool
    name_servers: tuple[str, ...]


@dataclass(frozen=True)
class DnsRecord:
    """One record. `is_proxied`: visitors go through the vendor, which caches and shields."""

    name: str
    kind: str
    content: str
    is_proxied: bool


class Cdn(Protocol):
    """Raises Unreachable on silence, Rejected for a no, Unknown when a write may have happened."""

    def purge(self, tags: Sequence[str] = (), urls: Sequence[str] = ()) -> str:
        """Forget what is cached under these, or everything when none are given; in words. Harmless to repeat."""

    def security_level(self) -> str:
        """How suspicious the shield is; `under_attack` is the highest."""

    def set_security_level(self, level: str) -> None:
        """Harmless to repeat."""

    def zone(self) -> Zone:
        """The domain as it is now."""

    def records(self) -> list[DnsRecord]:
        """All DNS records."""
