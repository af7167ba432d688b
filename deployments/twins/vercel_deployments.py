"""The Vercel twin's deployments: files, builds, their logs, and their own addresses."""

from __future__ import annotations

import hashlib
import time

from deployments.twins import vercel_shapes as shapes
from deployments.twins.server import VendorError, route
from deployments.twins.vercel_ground import VercelGround
from deployments.twins.vercel_sites import Site
from deployments.twins.vercel_state import Build, Deployed
from deployments.twins.wire import Reply, Request

BUILD_LOG = (
    "Cloning completed",
    'Running "npm install"',
    'Running "npm run build"',
    "Build Completed in /vercel/output",
)


class VercelDeployments(VercelGround):
    """Everything below `/deployments`."""

    @route("POST", "/v13/deployments", "createDeployment")
    def create_deployment(self, request: Request) -> Reply:
        wanted = request.data
        missing = sorted({one["sha"] for one in wanted.get("files", []) if "sha" in one} - self.files)
        if missing:
            error = {"code": "missing_files", "message": "Missing files", "missing": missing}
            return Reply(400, {"error": error})
        takes_domains = bool(wanted.get("autoAssignCustomDomains", True)) and wanted.get("target") == "production"
        made = self.make(wanted["name"], wanted.get("target"), dict(wanted.get("meta", {})), takes_domains)
        branch = str(wanted.get("gitMetadata", {}).get("commitRef", "")) if self.knows_branches else ""
        made.env = self.variables.given(wanted.get("target") or "preview", branch)
        return Reply(200, self.shown(made))

    def make(self, name: str, target: str | None, meta: dict[str, str], takes_domains: bool = False) -> Deployed:
        """A deployment that begins to build."""
        identifier = self.production.new_id("dpl")
        site = Site(lambda visitor: self._visit_own(identifier, visitor))
        build = Build(self.build.seconds, self.build.fails)
        made = Deployed(identifier, name, target, meta, takes_domains, site, build)
        self.production.deployments[identifier] = made
        return made

    @route("GET", "/v13/deployments/{idOrUrl}", "getDeployment")
    def get_deployment(self, request: Request) -> Reply:
        self.production.settle()
        return Reply(200, self.shown(self.production.find(request.values["idOrUrl"])))

    @route("PATCH", "/v12/deployments/{id}/cancel", "cancelDeployment")
    def cancel_deployment(self, request: Request) -> Reply:
        found = self.production.find(request.values["id"])
        if found.phase not in ("QUEUED", "BUILDING"):
            raise VendorError(400, "bad_request", f"A deployment that is {found.phase} cannot be canceled")
        found.canceled = time.time()
        return Reply(200, self.shown(found))

    @route("DELETE", "/v13/deployments/{id}", "deleteDeployment")
    def delete_deployment(self, request: Request) -> Reply:
        found = self.production.find(request.values["id"])
        del self.production.deployments[found.id]
        found.site.close()
        return Reply(200, {"uid": found.id, "state": "DELETED"})

    @route("GET", "/v6/deployments", "getDeployments")
    @route("GET", "/v7/deployments", "getDeploymentsOfTheCommandLine")
    def list_deployments(self, request: Request) -> Reply:
        self.production.settle()
        limit = int(request.query.get("limit", "20"))
        until = float(request.query.get("until", "inf"))
        newest = sorted(self.production.deployments.values(), key=lambda one: one.created, reverse=True)
        older = [one for one in newest if shapes.milliseconds(one.created) < until]
        page = [shapes.listed(one, self.project) for one in older[:limit]]
        following = page[-1]["created"] if len(older) > limit else None
        return Reply(200, {"deployments": page, "pagination": {"count": len(page), "next": following, "prev": None}})

    @route("GET", "/v3/deployments/{idOrUrl}/events", "getDeploymentEvents")
    def events(self, request: Request) -> Reply:
        found = self.production.find(request.values["idOrUrl"])
        lines = [shapes.event(found, number, text) for number, text in enumerate(BUILD_LOG)]
        if found.phase == "ERROR":
            lines.append(shapes.event(found, len(lines), "Error: src/app.ts(3,1): Cannot find name 'oops'.", "stderr"))
        since = float(request.query.get("since", "0"))
        return Reply(200, [line for line in lines if line["created"] >= since])

    @route("POST", "/v2/files", "uploadFile")
    def upload(self, request: Request) -> Reply:
        digest = hashlib.sha1(request.body).hexdigest()
        if request.headers.get("x-vercel-digest") != digest:
            raise VendorError(400, "bad_request", "The digest does not fit the file")
        self.files.add(digest)
        return Reply(200, {"urls": []})
