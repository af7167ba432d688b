"""Preview deployments: one for each commit of a pull request, at an address for people to look at."""

from __future__ import annotations

import re

from infra.commands import Say
from infra.errors import Rejected
from infra.hosting import Deployment, Source, vercel_calls
from infra.hosting.vercel import git_metadata
from infra.hosting.vercel_builds import Builds
from infra.hosting.vercel_project import META_DEPLOYMENT, META_REF, META_VERSION, TooMany, VercelProject
from infra.hosting.vercel_records import ENDED, Copy
from infra.hosting.vercel_source import pieces_of

META_PULL_REQUEST = "pipelinePullRequest"
_NUMBER = re.compile(r"[1-9]\d{0,8}")


class VercelPreviews:
    """Previews of one project. They never take production's domain, and find the variables of target `preview`."""

    def __init__(self, project: VercelProject) -> None:
        self._project = project
        self._builds = Builds(project)

    def create(self, source: Source, pull_request: int, say: Say, branch: str = "", mark: str = "") -> Deployment:
        """The built preview of one commit, made once however often it is asked for. Raises Rejected, Unknown.

        A deployment keeps the variables that it was made with: another `mark` makes another one. `branch` is the one
        whose variables it finds; the ref when left out.
        """
        return self.as_ours(self.make(source, pull_request, say, branch, mark))

    def make(self, source: Source, pull_request: int, say: Say, branch: str = "", mark: str = "") -> Copy:
        """As `create`, as Vercel has it."""
        name = "-".join(filter(None, (f"preview-{pull_request}", source.version[:12], mark)))
        found = self._project.find(name)
        if found is None or found.has_failed:
            body = self._body(source, name, pull_request, branch)
            found = self._builds.create(name, body, pieces_of(source.folder), say)
        return self._builds.wait(found, source.manifest.commands.timeout_seconds, say)

    def find(self, pull_request: int) -> Deployment | None:
        """The newest preview of a pull request that can be looked at; None when there is none."""
        ready = (copy for copy in self.copies().get(pull_request, []) if copy.is_ready)
        return next((self.as_ours(copy) for copy in ready), None)

    def copies(self) -> dict[int, list[Copy]]:
        """By the number of their pull request, newest first; those that build or failed too."""
        found: dict[int, list[Copy]] = {}
        for copy in self._project.copies():
            if number := _number(copy):
                found.setdefault(number, []).append(copy)
        return found

    def delete_all(self, pull_request: int) -> tuple[list[Copy], TooMany | None]:
        """End every one of a pull request, however old; what was ended, and why there may be one yet."""
        found: list[Copy] = []
        unseen = None
        try:
            for copy in self._project.copies(is_whole=True):
                if _number(copy) == pull_request:
                    found.append(copy)  # those before the end that TooMany makes count
        except TooMany as older:
            unseen = older
        for copy in found:
            self.delete(copy)
        return found, unseen

    def delete(self, copy: Copy) -> None:
        """End one for good, its build too. Harmless when it is gone; raises Rejected for what is no preview."""
        if META_PULL_REQUEST not in copy.meta or copy.target == "production":
            raise Rejected(f"deployment {copy.id} is no preview and is not deleted", "look at it at Vercel")
        if copy.state not in ENDED:
            self._builds.cancel(copy)
        self._project.ask(vercel_calls.DELETE_DEPLOYMENT, {"id": copy.id}, accept=(404,))
        self._project.forget(copy.meta[META_DEPLOYMENT])

    def as_ours(self, copy: Copy) -> Deployment:
        """In our words."""
        meta = copy.meta
        url = self._project.address(copy)
        return Deployment(meta[META_DEPLOYMENT], meta[META_VERSION], meta[META_REF], url, copy.is_ready)

    def _body(self, source: Source, name: str, pull_request: int, branch: str) -> dict[str, object]:
        project = self._project.read()
        meta = {
            META_DEPLOYMENT: name,
            META_VERSION: source.version,
            META_REF: source.label,
            META_PULL_REQUEST: str(pull_request),
        }
        git = git_metadata(source) | ({"commitRef": branch} if branch else {})
        return {"name": project.name, "project": project.id, "meta": meta, "gitMetadata": git}


def _number(copy: Copy) -> int:
    """Of the pull request that it is a preview of; 0 for what is none."""
    number = copy.meta.get(META_PULL_REQUEST, "")
    is_one = _NUMBER.fullmatch(number) and copy.target != "production" and copy.state != "DELETED"
    return int(number) if is_one else 0
