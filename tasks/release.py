"""The noun that all stages share: one version's journey through one environment."""

from __future__ import annotations

import functools
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.logging.loggers import LoggingAdapter

from infra.commands import Say
from infra.environment import Environment, load_environment
from infra.hosting import Source
from infra.manifest import read_manifest
from infra.platform import Platform, connect
from infra.redaction import redact


@dataclass(frozen=True)
class Release:
    """What is released where. Holds no secret: it is shown in the Prefect UI. `folder` has the version's files."""

    id: str
    environment: str
    app: str
    repository: str
    ref: str
    version: str
    label: str
    folder: str

    @property
    def settings(self) -> Environment:
        """The environment's configuration."""
        return load_environment(self.environment)

    @property
    def platform(self) -> Platform:
        """What this release talks to; one set for each process."""
        return platform_of(self.environment, self.app)

    @property
    def source(self) -> Source:
        """The version's files with their manifest."""
        folder = Path(self.folder)
        return Source(folder, self.repository, self.ref, self.version, read_manifest(folder))

    def is_called(self, name: str) -> bool:
        """Whether `name` is its id, its commit, or the label that its app calls itself by."""
        return name in (self.id, self.version, self.label)

    @property
    def deployment(self) -> str:
        """The deployment that this release makes."""
        return self.id


@functools.lru_cache(maxsize=8)
def platform_of(environment: str, app: str) -> Platform:
    """The capabilities of an app in an environment, made once: the edge's reader remembers where it was."""
    return connect(load_environment(environment), app)


def release_id(ref: str, unique: str) -> str:
    """A name that may be a key, a folder and a restore point: the ref's letters and a unique end."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", ref).strip("-.")[:40] or "ref"
    return f"{words}-{unique[:8]}"


def speaker() -> Say:
    """Lines go to the log of the task run or flow run that is running, redacted; to a plain log outside of one."""
    logger: LoggingAdapter | logging.Logger
    try:
        logger = get_run_logger()
    except MissingContextError:
        logger = logging.getLogger("pipeline")
    return lambda line: logger.info("%s", redact(line))
