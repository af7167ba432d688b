"""What the stages of a preview share: which preview, and who may work on it now."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.environment import load_environment
from infra.files import locked, locked_if_free
from infra.hosting.local import previews_folder
from infra.platform import objects_of
from infra.previews import Previews, Wanted
from infra.previews.of_environment import previews_of
from tasks.release import Release

ENVIRONMENT = "preview"
# `scheme://user@host:port/path`, or `user@host:path` as ssh takes it.
_ADDRESS = re.compile(
    r"(?:\w[\w+.-]*://(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d*)?/|(?:[^@/:]+@)?(?P<ssh>[^/:]+):(?!//))(?P<path>.*)"
)


@dataclass(frozen=True)
class Asked:
    """A preview that is asked for: the version on disk, and its pull request. Holds no secret."""

    order: Release
    wanted: Wanted

    @property
    def previews(self) -> Previews:
        """Those of the app."""
        return previews_of(self.order.settings, self.order.app)


@contextmanager
def preview_held(environment: str, app: str, pull_request: int) -> Iterator[None]:
    """One run of this machine at a time works on a preview; the next one waits. A crash lets go of it."""
    with locked(_lock(environment, app, pull_request)):
        yield


@contextmanager
def preview_held_if_free(environment: str, app: str, pull_request: int) -> Iterator[bool]:
    """As `preview_held`, without waiting: two runs that each wait for the other's would wait for ever."""
    with locked_if_free(_lock(environment, app, pull_request)) as is_ours:
        yield is_ours


def _lock(environment: str, app: str, pull_request: int) -> Path:
    return previews_folder(load_environment(environment)) / app / "locks" / f"{pull_request}.lock"


def forget_runs(environment: str, app: str, pull_request: int) -> None:
    """Working copies of the tests and what the stages noted, of every run for this pull request."""
    settings = load_environment(environment)
    of_run = re.compile(rf"preview-{pull_request}-[0-9a-f]{{8}}")
    for folder in (settings.state / "checks").glob(f"preview-{pull_request}-*"):
        if of_run.fullmatch(folder.name):
            shutil.rmtree(folder)
    objects = objects_of(settings)
    for stored in objects.list(f"releases/{app}/preview-{pull_request}-"):
        if of_run.fullmatch(stored.key.split("/")[2]):
            objects.delete(stored.key)


def drop_working_copies(environment: str, run: str) -> None:
    """The files of one run and those of its tests, which nobody looks at once it has ended."""
    shutil.rmtree(load_environment(environment).state / "checks" / run, ignore_errors=True)


def variables_of(asked: Asked, url: str) -> dict[str, str]:
    """All that a preview finds beside PORT: nothing of `[app]`, no flag service, no credentials of ours."""
    rules = asked.order.settings.previews
    return {
        **rules.variables,
        **rules.secrets(),
        "DATABASE_URL": url,
        "APP_VERSION": asked.order.label,
        "APP_ENVIRONMENT": ENVIRONMENT,
    }


def is_of(repository: str, host: str, name: str) -> bool:
    """Whether a git URL leads to `owner/name` at `host`. A path on this machine says nothing of that: True."""
    found = _ADDRESS.fullmatch(repository)
    if found is None:
        return True
    path = found["path"].strip("/").removesuffix(".git")
    return ((found["host"] or found["ssh"]).lower(), path.lower()) == (host.lower(), name.lower())
