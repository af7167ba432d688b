"""App hosting on this machine: a folder and a process for each deployment, recognised again after any crash.

Below `root`: `deployments/<id>/app` (the built copy), `deployment.json` (what it is), `process.json`, `log`.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra import processes
from infra.commands import Say, run, shell
from infra.environment import Environment
from infra.errors import BadInput, Rejected
from infra.files import locked, make_folder, write_atomically
from infra.hosting import Deployment, Source
from infra.manifest import read_manifest
from infra.ports import LOOPBACK, check_free, free_port


def previews_folder(environment: Environment) -> Path:
    """A folder for each app's previews, apart from its deployments: what mends these must not mend previews."""
    return environment.state / "previews"


@dataclass(frozen=True)
class Copy:
    """Where one deployment keeps its things."""

    folder: Path

    @property
    def app(self) -> Path:
        """The built copy of the source."""
        return self.folder / "app"

    @property
    def about(self) -> Path:
        """What it is: id, version, ref, port, created. Written last by `build`: its presence says built."""
        return self.folder / "deployment.json"

    @property
    def record(self) -> Path:
        """Its process."""
        return self.folder / "process.json"

    @property
    def variables(self) -> Path:
        """What it was started with, secrets too: only for its owner's eyes."""
        return self.folder / "variables.json"

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.folder / "log"


class LocalHosting:
    """Deployments of one app below `root`."""

    def __init__(self, root: Path) -> None:
        self._deployments = root / "deployments"

    def build(self, source: Source, deployment: str, variables: Mapping[str, str], say: Say) -> None:
        """A fresh copy each time: what an interrupted build left is removed first."""
        copy = self._copy(deployment)
        self.stop(deployment, 0)
        shutil.rmtree(copy.folder, ignore_errors=True)
        make_folder(copy.folder)
        shutil.copytree(source.folder, copy.app, symlinks=True)
        commands = source.manifest.commands
        for line in filter(None, (commands.install, commands.build)):
            run(shell(line, folder=copy.app, variables=variables, timeout_seconds=commands.timeout_seconds), say=say)
        about = {"id": deployment, "version": source.version, "ref": source.label, "port": 0, "created": time.time()}
        write_atomically(copy.about, json.dumps(about))

    def start(self, deployment: str, variables: Mapping[str, str], say: Say) -> Deployment:
        """Run it on a free port; a running one is only waited for."""
        copy = self._copy(deployment)
        if not copy.about.exists():
            raise Rejected(f"deployment {deployment} was never built", "build it first")
        # Whoever mends it and whoever releases it must not both run it: the second would take another port.
        with locked(self._deployments.with_name("launch.lock")):
            running = self.find(deployment)
            if running is None or not running.is_running:
                self._launch(copy, variables, say)
        return self._wait_for_health(deployment, copy, say)

    def resume(self, deployment: str, say: Say) -> Deployment:
        """Run a deployment again as it ran before, at the address that others know. Raises Rejected."""
        copy = self._copy(deployment)
        if not copy.variables.exists():
            raise Rejected(f"deployment {deployment} never ran, so it cannot run again", "start it first")
        return self.start(deployment, json.loads(copy.variables.read_text()), say)

    def find(self, deployment: str) -> Deployment | None:
        """Read from its folder and from the process table."""
        copy = self._copy(deployment)
        try:
            about = json.loads(copy.about.read_text())
        except FileNotFoundError:
            return None
        alive = processes.is_alive(processes.read(copy.record))
        url = f"http://{LOOPBACK}:{about['port']}"
        return Deployment(about["id"], about["version"], about["ref"], url, alive)

    def has_died(self, deployment: str) -> bool:
        """Whether its process ended without `stop`."""
        record = self._copy(deployment).record
        return record.exists() and not processes.is_alive(processes.read(record))

    def deployments(self) -> list[Deployment]:
        """Newest first."""
        abouts = sorted(self._deployments.glob("*/deployment.json"), key=_created, reverse=True)
        return [found for about in abouts if (found := self.find(about.parent.name))]

    def stop(self, deployment: str, drain_seconds: float) -> None:
        """SIGTERM, `drain_seconds` to finish, then SIGKILL for whatever of its group is left."""
        copy = self._copy(deployment)
        processes.stop(processes.read(copy.record), grace_seconds=max(drain_seconds, 0.1))
        copy.record.unlink(missing_ok=True)

    def prune(self, keep: int, but: Collection[str] = ()) -> None:
        """Oldest go first; a running one never does, nor one of those named in `but`."""
        stopped = [found for found in self.deployments() if not found.is_running and found.id not in but]
        for found in stopped[keep:]:
            shutil.rmtree(self._copy(found.id).folder, ignore_errors=True)

    def _copy(self, deployment: str) -> Copy:
        if not deployment or "/" in deployment or deployment.startswith("."):
            raise BadInput("deployment", f"{deployment!r} cannot be a folder's name", "letters, digits, dots, dashes")
        return Copy(self._deployments / deployment)

    def _launch(self, copy: Copy, variables: Mapping[str, str], say: Say) -> None:
        write_atomically(copy.variables, json.dumps(dict(variables)))
        processes.end_remains(processes.read(copy.record))
        about = json.loads(copy.about.read_text())
        port = _port_again(int(about["port"]))
        # The port is on disk before the process is, so that a crash between the two finds both or neither.
        write_atomically(copy.about, json.dumps(about | {"port": port}))
        line = read_manifest(copy.app).commands.start
        what = shell(
            f"exec {line}" if _is_simple(line) else line, folder=copy.app, variables={**variables, "PORT": str(port)}
        )
        say(f"+ {what}  (PORT={port})")
        processes.start(copy.folder.name, what, record=copy.record, log=copy.log)

    def _wait_for_health(self, deployment: str, copy: Copy, say: Say) -> Deployment:
        health = read_manifest(copy.app).health
        started = time.monotonic()
        answer = "no answer"
        while time.monotonic() - started < health.timeout_seconds:
            found = self.find(deployment)
            if found is None or not found.is_running:
                raise _unhealthy(deployment, "exited by itself", copy)
            answer = _ask(found.url + health.path)
            if answer == "200":
                say(f"{deployment} is healthy at {found.url} after {time.monotonic() - started:.1f} s")
                return found
            time.sleep(0.1)
        self.stop(deployment, 1)
        raise _unhealthy(
            deployment, f"was not healthy within {health.timeout_seconds} s: {health.path} gave {answer}", copy
        )


def _port_again(port: int) -> int:
    """The port it had, which others know, while nobody else has it; else a free one."""
    try:
        check_free(port)
    except BadInput:
        return free_port()
    return port or free_port()


def _is_simple(line: str) -> bool:
    """Whether `exec` may stand before the line, so that the app itself gets our signals and not a shell."""
    if line.startswith("exec "):
        return False
    return not any(mark in line for mark in (";", "&", "|", "\n", "(", "<", ">")) and "=" not in line.split()[0]


def _ask(url: str) -> str:
    try:
        return str(httpx.get(url, timeout=2.0).status_code)
    except httpx.TransportError as error:
        return type(error).__name__


def _unhealthy(deployment: str, what: str, copy: Copy) -> Rejected:
    words = processes.last_words(copy.log)
    last = words.splitlines()[-1] if words else "it printed nothing"
    return Rejected(f"deployment {deployment} {what}; its last words: {last}", f"its log, {copy.log}, ends:\n{words}")


def _created(about: Path) -> float:
    return float(json.loads(about.read_text())["created"])
