"""App hosting at Vercel: a candidate is a production deployment that takes no domain, at an address of its own.

What is built stays built: a deployment that nobody visits costs nothing, so `stop` marks it and `start` lifts the mark.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping

import httpx

from infra.commands import Say
from infra.errors import Rejected
from infra.hosting import Deployment, Source
from infra.hosting.vercel_builds import Builds
from infra.hosting.vercel_project import META_DEPLOYMENT, META_HEALTH, META_REF, META_VERSION, VercelProject
from infra.hosting.vercel_records import ENDED, Copy
from infra.hosting.vercel_source import pieces_of
from infra.hosting.vercel_variables import Target, VercelVariables
from infra.objects import Objects
from infra.redaction import redact

TARGET: Target = "production"
ASK_SECONDS = 10.0


class VercelHosting:
    """Deployments of one app in one project. `plain` names variables that are no secret."""

    def __init__(self, project: VercelProject, objects: Objects, app: str, plain: Collection[str] = ()) -> None:
        self._project = project
        self._builds = Builds(project)
        self._variables = VercelVariables(project, plain)
        self._stopped = Stopped(objects, app)

    def build(self, source: Source, deployment: str, variables: Mapping[str, str], say: Say) -> None:
        """Variables first, as a deployment keeps those it was made with; then the files, and the build to its end.

        A build that an interrupted run began is taken up again. Raises Rejected, Unknown.
        """
        self._variables.match(variables, TARGET, say)
        found = self._project.find(deployment)
        if found is None or found.has_failed:
            found = self._create(source, deployment, say)
        self._stopped.lift(deployment)
        self._builds.wait(found, source.manifest.commands.timeout_seconds, say)

    def start(self, deployment: str, variables: Mapping[str, str], say: Say) -> Deployment:
        """Wait until its health path answers 200 at its own address; it runs as soon as it is built."""
        copy = self._project.find(deployment)
        if copy is None:
            raise Rejected(f"deployment {deployment} was never built", "build it first")
        if not copy.is_ready:
            raise Rejected(f"deployment {deployment} ({copy.id}) is {copy.state}, not READY", "build it again")
        self._stopped.lift(deployment)
        self._wait_for_health(copy, say)
        return self._as_ours(copy, deployment, is_stopped=False)

    def find(self, deployment: str) -> Deployment | None:
        """The newest copy with this name, once it is built."""
        copy = self._project.find(deployment)
        if copy is None or not copy.is_ready:
            return None
        return self._as_ours(copy, deployment, is_stopped=self._stopped.has(deployment))

    def deployments(self) -> list[Deployment]:
        """Those that are built, newest first; of copies with one name the newest only."""
        stopped = self._stopped.all()
        newest: dict[str, Copy] = {}
        for copy in self._project.copies():
            if copy.target != TARGET or not copy.is_ready:
                continue
            newest.setdefault(copy.meta[META_DEPLOYMENT], copy)
        return [self._as_ours(copy, name, is_stopped=name in stopped) for name, copy in newest.items()]

    def stop(self, deployment: str, drain_seconds: float) -> None:
        """Cancel what still builds, and mark it: no visitor is sent to it from here on. Vercel lets requests end."""
        copy = self._project.find(deployment)
        if copy is None:
            return
        self._stopped.put(deployment)
        if copy.state not in ENDED:
            self._builds.cancel(copy)

    def prune(self, keep: int, but: Collection[str] = ()) -> None:
        """Nothing: how long old deployments are kept is the project's own setting at Vercel."""

    def _create(self, source: Source, deployment: str, say: Say) -> Copy:
        project = self._project.read()
        body = {
            "name": project.name,
            "project": project.id,
            "target": TARGET,
            "autoAssignCustomDomains": False,
            "meta": _meta(source, deployment),
            "gitMetadata": git_metadata(source),
        }
        return self._builds.create(deployment, body, pieces_of(source.folder), say)

    def _as_ours(self, copy: Copy, name: str, *, is_stopped: bool) -> Deployment:
        version, ref = copy.meta.get(META_VERSION, ""), copy.meta.get(META_REF, "")
        return Deployment(name, version, ref, self._project.address(copy), copy.is_ready and not is_stopped)

    def _wait_for_health(self, copy: Copy, say: Say) -> None:
        health = json.loads(copy.meta.get(META_HEALTH, '{"path": "/", "timeout_seconds": 30}'))
        url = self._project.address(copy) + health["path"]
        started = time.monotonic()
        while (answer := _ask(url, self._project.headers)) != "200":
            if time.monotonic() - started > health["timeout_seconds"]:
                raise _unhealthy(copy, url, answer, health["timeout_seconds"])
            time.sleep(self._project.settings.poll_seconds)
        say(f"{copy.id} is healthy at {url} after {time.monotonic() - started:.1f} s")


class Stopped:
    """Which deployments are to get no visitors, kept in the object store as they all run for Vercel."""

    def __init__(self, objects: Objects, app: str) -> None:
        self._objects = objects
        self._folder = f"hosting/{app}/stopped/"

    def put(self, deployment: str) -> None:
        """Mark it."""
        self._objects.put(self._folder + deployment, str(time.time()).encode(), "text/plain")

    def lift(self, deployment: str) -> None:
        """Take the mark away."""
        self._objects.delete(self._folder + deployment)

    def has(self, deployment: str) -> bool:
        """Whether it is marked."""
        return self._objects.get(self._folder + deployment) is not None

    def all(self) -> set[str]:
        """All that are marked."""
        return {stored.key.removeprefix(self._folder) for stored in self._objects.list(self._folder)}


def git_metadata(source: Source) -> dict[str, str | bool]:
    """What people see of the commit at Vercel. A path on a machine, or a password, is nothing for them."""
    found: dict[str, str | bool] = {"commitRef": source.ref, "commitSha": source.version, "dirty": False, "ci": True}
    if source.repository.startswith("https://"):
        found["remoteUrl"] = redact(source.repository)
    return found


def _meta(source: Source, deployment: str) -> dict[str, str]:
    health = source.manifest.health
    return {
        META_DEPLOYMENT: deployment,
        META_VERSION: source.version,
        META_REF: source.label,
        META_HEALTH: json.dumps({"path": health.path, "timeout_seconds": health.timeout_seconds}),
    }


def _ask(url: str, headers: Mapping[str, str]) -> str:
    try:
        return str(httpx.get(url, headers=dict(headers), timeout=ASK_SECONDS).status_code)
    except httpx.TransportError as error:
        return type(error).__name__


def _unhealthy(copy: Copy, url: str, answer: str, seconds: float) -> Rejected:
    hint = "look at its runtime log at Vercel"
    if answer in ("401", "403"):
        hint = (
            "deployments are protected: make a Protection Bypass for Automation and name its variable in vercel.bypass"
        )
    return Rejected(f"deployment {copy.id} was not healthy within {seconds:g} s: {url} gave {answer}", hint)
