"""The local platform: the real services of one environment, embedded on this machine, on 127.0.0.1 only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from infra.processes import Daemon, is_alive, read

Say = Callable[[str], None]


@dataclass(frozen=True)
class ServiceStatus:
    """One service as found. `detail` is a fact for a person: a version, a lag, the last words of a dead one."""

    name: str
    state: Literal["healthy", "unhealthy", "stopped"]
    pid: int | None
    port: int | None
    detail: str


class Service(Protocol):
    """One process of the platform. `up` and `down` may be repeated, and mend what a kill -9 left behind."""

    @property
    def name(self) -> str:
        """What `pipeline status` calls it."""

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that it needs; checked for being free before anything starts."""

    def is_up(self) -> bool:
        """Whether its process runs."""

    def up(self, say: Say) -> None:
        """Run until it is healthy. Raises Rejected with its last words when it does not become so."""

    def down(self, say: Say) -> None:
        """Stop it; data stays."""

    def status(self) -> ServiceStatus:
        """What it is now."""


@dataclass(frozen=True)
class Place:
    """Where one service of one environment keeps its things."""

    state: Path
    name: str

    @property
    def record(self) -> Path:
        """The file that remembers its process."""
        return self.state / "run" / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.state / "logs" / f"{self.name}.log"

    @property
    def daemon(self) -> Daemon | None:
        """Its process while it is alive."""
        daemon = read(self.record)
        return daemon if is_alive(daemon) else None

    @property
    def has_died(self) -> bool:
        """Whether its process ended without being told to: `down` removes the record, a death does not."""
        return self.record.exists() and self.daemon is None
