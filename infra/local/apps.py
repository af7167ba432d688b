"""The apps that the edge sends visitors to, as one service: they stop with the platform and come back with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.edge import SLOTS
from infra.edge.route_file import RouteFile
from infra.edge.sites import Sites
from infra.environment import Environment
from infra.errors import PipelineError
from infra.hosting import Deployment
from infra.hosting.local import LocalHosting, previews_folder
from infra.local import Say, ServiceStatus


@dataclass(frozen=True)
class Fallen:
    """A deployment in a slot whose process ended without being told to, or the live one that does not run at all."""

    app: str
    deployment: str
    is_live: bool


class HostedApps:
    """Every deployment that is in a slot, live or kept warm. The edge's route files say which."""

    name = "apps"
    ports: tuple[int, ...] = ()

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._sites = Sites(environment)

    def is_up(self) -> bool:
        """Whether all of them run."""
        return all(found and found.is_running for _, _, found in self._in_slots())

    def up(self, say: Say) -> None:
        """Run those that do not, at the addresses that the edge knows. One that will not run is said, and left."""
        for hosting, deployment, found in self._in_slots():
            if found and not found.is_running:
                try:
                    again = hosting.resume(deployment, say)
                except PipelineError as error:
                    say(f"{deployment} does not run again: {error.message}")
                    continue
                if again.address != found.address:
                    say(f"{deployment} lost its address {found.address}: release it again")

    def fallen(self) -> list[Fallen]:
        """What has to run and does not, the live ones first. One stopped on purpose is among them only while live."""
        found: list[Fallen] = []
        for app, port in self._sites.book().items():
            route, hosting = RouteFile(self._sites.folder, port).read(), self._hosting(app)
            targets = [(slot, target) for slot in SLOTS if (target := route.at(slot))]
            for slot, target in targets:
                known, is_live = hosting.find(target.deployment), slot == route.live
                if known and not known.is_running and (is_live or hosting.has_died(target.deployment)):
                    found.append(Fallen(app, target.deployment, is_live))
        return sorted(found, key=lambda one: not one.is_live)

    def mend(self, fallen: Fallen, say: Say) -> None:
        """Run it again where it was. Raises Rejected when it does not become healthy.

        One that a release took out of its slot meanwhile is stopped again: the release thinks that it is gone.
        """
        hosting = self._hosting(fallen.app)
        hosting.resume(fallen.deployment, say)
        if not any(deployment == fallen.deployment for _, deployment, _ in self._in_slots()):
            hosting.stop(fallen.deployment, self._environment.traffic.drain_seconds)
            say(f"{fallen.deployment} is in no slot any more: stopped again")

    def down(self, say: Say) -> None:
        """End every deployment, in a slot or not, and every preview: those do not come back by themselves."""
        hostings = [self._hosting(app) for app in self._sites.book()]
        hostings += [LocalHosting(folder) for folder in sorted(previews_folder(self._environment).glob("*"))]
        for hosting in hostings:
            for found in hosting.deployments():
                if found.is_running:
                    hosting.stop(found.id, self._environment.traffic.drain_seconds)
                    say(f"{found.id} stopped")

    def status(self) -> ServiceStatus:
        """Healthy when all of them run."""
        rows = list(self._in_slots())
        dead = [deployment for _, deployment, found in rows if not (found and found.is_running)]
        if dead:
            return ServiceStatus(self.name, "unhealthy", None, None, f"not running: {', '.join(dead)}")
        return ServiceStatus(self.name, "healthy", None, None, f"{len(rows)} deployments in slots, all running")

    def _in_slots(self) -> Iterator[tuple[LocalHosting, str, Deployment | None]]:
        for app, port in self._sites.book().items():
            route = RouteFile(self._sites.folder, port).read()
            for slot in SLOTS:
                target = route.at(slot)
                if target:
                    hosting = self._hosting(app)
                    yield hosting, target.deployment, hosting.find(target.deployment)

    def _hosting(self, app: str) -> LocalHosting:
        return LocalHosting(self._environment.state / "apps" / app)
