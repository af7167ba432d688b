"""Preview deployments: one for each commit of a pull request, at an address for people to look at."""

from __future__ import annotations

from infra.commands import Say
from infra.hosting import Deployment, Source
from infra.hosting.vercel import git_metadata
from infra.hosting.vercel_builds import Builds
from infra.hosting.vercel_project import META_DEPLOYMENT, META_REF, META_VERSION, VercelProject
from infra.hosting.vercel_records import Copy
from infra.hosting.vercel_source import pieces_of

META_PULL_REQUEST = "pipelinePullRequest"


class VercelPreviews:
    """Previews of one project. They never take production's domain, and find the variables of target `preview`."""

    def __init__(self, project: VercelProject) -> None:
        self._project = project
        self._builds = Builds(project)

    def create(self, source: Source, pull_request: int, say: Say) -> Deployment:
        """The built preview of one commit, made once however often it is asked for. Raises Rejected, Unknown."""
        name = f"preview-{pull_request}-{source.version[:12]}"
        found = self._project.find(name)
        if found is None or found.has_failed:
            found = self._builds.create(name, self._body(source, name, pull_request), pieces_of(source.folder), say)
        return self._as_ours(self._builds.wait(found, source.manifest.commands.timeout_seconds, say))

    def find(self, pull_request: int) -> Deployment | None:
        """The newest preview of a pull request that can be looked at; None when there is none."""
        for copy in self._project.copies():
            if copy.meta.get(META_PULL_REQUEST) == str(pull_request) and copy.is_ready:
                return self._as_ours(copy)
        return None

    def _body(self, source: Source, name: str, pull_request: int) -> dict[str, object]:
        project = self._project.read()
        meta = {
            META_DEPLOYMENT: name,
            META_VERSION: source.version,
            META_REF: source.label,
            META_PULL_REQUEST: str(pull_request),
        }
        return {"name": project.name, "project": project.id, "meta": meta, "gitMetadata": git_metadata(source)}

    def _as_ours(self, copy: Copy) -> Deployment:
        meta = copy.meta
        url = self._project.address(copy)
        return Deployment(meta[META_DEPLOYMENT], meta[META_VERSION], meta[META_REF], url, copy.is_ready)
