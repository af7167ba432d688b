"""One Vercel project, read: its deployments by the names that we gave them, its domain, its last job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.environment.secret import read_secret
from infra.environment.vendors import Vercel
from infra.errors import Unknown
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_records import Aliases, Copies, Copy, Project
from infra.http import Answer, Api, Call, Patience, Service

BYPASS_HEADER = "x-vercel-protection-bypass"
# Under these names a deployment at Vercel remembers which of ours it is.
META_DEPLOYMENT = "pipelineDeployment"
META_VERSION = "pipelineVersion"
META_REF = "pipelineRef"
META_HEALTH = "pipelineHealth"
PAGE = 100
PAGES = 10
# For who must not overlook one: the end of a preview of months ago.
MOST_PAGES = 100


class TooMany(Unknown):
    """There are more deployments than anybody looks through."""


class VercelProject:
    """Asks about, and acts on, the project that `settings` names. Reads its secrets from our environment."""

    def __init__(self, settings: Vercel, patience: Patience | None = None, timeout_seconds: float = 30.0) -> None:
        token = read_secret("vercel.token", settings.token)
        self.bypass = read_secret("vercel.bypass", settings.bypass).get_secret_value() if settings.bypass else ""
        query = {"teamId": settings.team} if settings.team else {}
        self.settings = settings
        self.api = Api(Service(calls.VENDOR, settings.api, token, query, patience or Patience(), timeout_seconds))
        self._ids: dict[str, str] = {}

    @property
    def headers(self) -> dict[str, str]:
        """What requests to a deployment's own address need; a secret."""
        return {BYPASS_HEADER: self.bypass} if self.bypass else {}

    def ask(self, call: Call, path: Mapping[str, str] | None = None, **how: Any) -> Answer:
        """A call whose path may name the project."""
        project = self.settings.project
        values = {"idOrName": project, "projectId": project, **(path or {})}
        return self.api.ask(call, values, **how)

    def read(self) -> Project:
        """The project with its last promotion or rollback."""
        return self.ask(calls.GET_PROJECT, query={"rollbackInfo": "true"}).read(Project)

    def serving(self) -> str | None:
        """The deployment that the domain leads to, by Vercel's id; None when it leads nowhere yet."""
        answer = self.ask(calls.GET_ALIAS, {"idOrAlias": self.settings.domain}, accept=(404,))
        if answer.status == 404:
            return None
        return next((one.deployment for one in answer.read(Aliases).aliases), None)

    def copy(self, identifier: str) -> Copy:
        """A deployment by Vercel's id. Raises Refused with status 404 when there is none."""
        return self.ask(calls.GET_DEPLOYMENT, {"idOrUrl": identifier}).read(Copy)

    def find(self, deployment: str) -> Copy | None:
        """The newest copy of one of our deployments, as it is now."""
        known = self._ids.get(deployment)
        if known:
            return self.copy(known)
        for one in self.copies():
            if one.meta.get(META_DEPLOYMENT) == deployment:
                self._ids[deployment] = one.id
                return one
        return None

    def forget(self, deployment: str) -> None:
        """A newer copy may exist: look again next time."""
        self._ids.pop(deployment, None)

    def copies(self, *, is_whole: bool = False) -> Iterator[Copy]:
        """All that are ours, newest first, as far back as PAGES pages go.

        Where `is_whole` is wanted, as far back as MOST_PAGES go; then raises TooMany when there are older ones yet.
        """
        query = {"projectId": self.settings.project, "limit": str(PAGE)}
        for _ in range(MOST_PAGES if is_whole else PAGES):
            page = self.ask(calls.LIST_DEPLOYMENTS, query=query).read(Copies)
            yield from (one for one in page.deployments if META_DEPLOYMENT in one.meta)
            if not page.pagination.next:
                return
            query["until"] = f"{page.pagination.next:.0f}"
        if is_whole:
            raise TooMany(
                f"Vercel has more than {MOST_PAGES * PAGE} deployments of the project; older ones were not looked at",
                "delete old deployments at Vercel, or let it (Settings, Deployment Retention); then ask again",
            )

    def address(self, copy: Copy) -> str:
        """The copy's own address."""
        return f"{self.settings.scheme}://{copy.url}"
