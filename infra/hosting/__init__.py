"""App hosting: builds one version of an app, runs it at an address of its own, and ends it after draining."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.commands import Say
from infra.manifest import Manifest


@dataclass(frozen=True)
class Source:
    """A version of an app as files on disk. `version` is the full commit id, `ref` what a person called it."""

    folder: Path
    repository: str
    ref: str
    version: str
    manifest: Manifest

    @property
    def label(self) -> str:
        """What people call this version: the ref when it is a name, else the short commit id."""
        return self.version[:8] if self.version.startswith(self.ref) else self.ref


@dataclass(frozen=True)
class Deployment:
    """One built copy. `url` is its own address, which gets no visitors of its own accord."""

    id: str
    version: str
    ref: str
    url: str
    is_running: bool

    @property
    def address(self) -> str:
        """host:port of `url`."""
        return self.url.split("://", 1)[-1].rstrip("/")


class Hosting(Protocol):
    """Deployments of one app in one environment."""

    def build(self, source: Source, deployment: str, variables: Mapping[str, str], say: Say) -> None:
        """Copy the source into the deployment's own folder, install and build. Raises CommandFailed, Unknown."""

    def start(self, deployment: str, variables: Mapping[str, str], say: Say) -> Deployment:
        """Run a built deployment and wait until its health path answers 200.

        Raises Rejected with its last words when it exits or does not become healthy in time; nothing is
        left running then.
        """

    def find(self, deployment: str) -> Deployment | None:
        """The deployment as it is now."""

    def deployments(self) -> list[Deployment]:
        """All that exist, newest first."""

    def stop(self, deployment: str, drain_seconds: float) -> None:
        """Let it finish what it has begun, then end it. Harmless when it does not run or does not exist."""

    def prune(self, keep: int, but: Collection[str] = ()) -> None:
        """Delete folders of stopped deployments beyond the `keep` newest."""
