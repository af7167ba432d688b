"""Previews on this machine: a process and a folder for each, beside the app's own deployments, and a database.

Below `root`: what a LocalHosting keeps, under `preview-<pull request>-<version>-<number>`, and passwords.
"""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from infra.commands import Say
from infra.environment import Environment
from infra.errors import PipelineError, Unknown
from infra.hosting import Deployment, Source
from infra.hosting.local import LocalHosting, previews_folder
from infra.previews import Preview, Wanted, check_number
from infra.previews.local_databases import LocalPreviewDatabases

_NAME = re.compile(r"preview-([1-9]\d{0,8})-[0-9a-f]{12}-[0-9a-f]{8}")
_END_SECONDS = 5.0


class LocalPreviews:
    """Those of one app in a local environment."""

    def __init__(self, environment: Environment, app: str) -> None:
        self._root = previews_folder(environment) / app
        self._hosting = LocalHosting(self._root)
        self._databases = LocalPreviewDatabases(environment, app, self._root)
        self._drain_seconds = environment.traffic.drain_seconds

    def all(self) -> list[Preview]:
        """Read from the cluster and from the folders."""
        touched = self._databases.all()
        numbers = {*touched, *(int(found[1]) for folder in self._folders() if (found := _NAME.fullmatch(folder.name)))}
        return sorted((self._read(number, touched) for number in numbers), key=lambda one: one.touched)

    def database(self, wanted: Wanted, say: Say, *, is_anew: bool = False) -> str:
        """In the platform's own cluster."""
        if is_anew:
            self._databases.drop(wanted.pull_request)
            say(f"the database of pull request {wanted.pull_request} is made anew")
        return self._databases.ensure(wanted.pull_request)

    def show(self, source: Source, wanted: Wanted, variables: Mapping[str, str], say: Say) -> Preview:
        """On a free port, beside the copy before it until it is healthy."""
        # A name of its own: what a killed run left under another one is never mistaken for what this one builds.
        name = f"preview-{wanted.pull_request}-{source.version[:12]}-{secrets.token_hex(4)}"
        try:
            self._hosting.build(source, name, variables, say)
            self._hosting.start(name, variables, say)
        except PipelineError:
            self._end(self._root / "deployments" / name)
            raise
        for folder in self._folders(wanted.pull_request):
            if folder.name != name:
                self._end(folder)
                say(f"{folder.name} is gone")
        return self._read(wanted.pull_request, self._databases.all())

    def close(self, pull_request: int, say: Say) -> tuple[str, ...]:
        """The processes, then the folders, then the database."""
        check_number(pull_request)
        ended: list[str] = []
        for folder in self._folders(pull_request):
            self._end(folder)
            ended.append(f"copy {folder.name}")
        if self._databases.drop(pull_request):
            ended.append("its database")
        for one in ended:
            say(f"ended: {one}")
        return tuple(ended)

    def _folders(self, pull_request: int | None = None) -> list[Path]:
        """Also those of builds that never ended."""
        found = sorted((self._root / "deployments").glob("preview-*"))
        return [one for one in found if (name := _NAME.fullmatch(one.name)) and pull_request in (None, int(name[1]))]

    def _end(self, folder: Path) -> None:
        self._hosting.stop(folder.name, self._drain_seconds)
        _end_those_in(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise Unknown(f"the folder {folder} of an ended preview is still there", "remove it, then close it again")

    def _read(self, pull_request: int, databases: Mapping[int, float]) -> Preview:
        folders = self._folders(pull_request)
        copies = [found for folder in folders if (found := self._hosting.find(folder.name))]
        newest = max(copies, key=self._created, default=None)
        made = max((_changed(folder) for folder in folders), default=0.0)
        touched = max(databases.get(pull_request, 0.0), made)
        parts = (*(folder.name for folder in folders), *(["database"] if pull_request in databases else []))
        version, ref, url = (newest.version, newest.ref, newest.url) if newest else ("", "", "")
        is_running = bool(newest and newest.is_running)
        return Preview(pull_request, version, ref, url, is_running, touched, parts)

    def _created(self, copy: Deployment) -> float:
        return _changed(self._root / "deployments" / copy.id / "deployment.json")


def _changed(path: Path) -> float:
    """0 for what is gone by now: another run may end the preview that this one only looks at."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _end_those_in(folder: Path) -> None:
    """Kill what still works in a copy's folder: started by a run that died before it could write down its process,
    or gone its own way since. Told apart by where they work, not by name."""
    deadline = time.monotonic() + _END_SECONDS
    while (found := [process for process in psutil.process_iter() if _works_in(process, folder)]) and (
        time.monotonic() < deadline
    ):
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        time.sleep(0.02)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        # Who has a terminal is a person who looks at it.
        is_ours = process.status() != psutil.STATUS_ZOMBIE and process.terminal() is None
        return is_ours and Path(process.cwd()).is_relative_to(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False
