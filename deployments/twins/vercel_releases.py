"""The Vercel twin's production: promotions, rollbacks and rolling releases."""

from __future__ import annotations

from typing import Any

from deployments.twins import vercel_shapes as shapes
from deployments.twins.server import VendorError, route
from deployments.twins.vercel_ground import VercelGround
from deployments.twins.wire import Reply, Request


class VercelReleases(VercelGround):
    """Who serves the production domain."""

    @route("GET", "/v9/projects/{idOrName}", "getProject")
    def get_project(self, request: Request) -> Reply:
        self.check_project(request.values["idOrName"])
        self.production.settle()
        found = shapes.project(self.production, self.name, self.project, self.team)
        return Reply(200, {**found, "security": self.security()})

    @route("GET", "/v4/aliases/{idOrAlias}", "getAlias")
    def get_alias(self, request: Request) -> Reply:
        self.production.settle()
        current = self.production.current
        if request.values["idOrAlias"] != self.domain or current is None:
            raise VendorError(404, "not_found", "The alias does not exist")
        alias = {"uid": "als_1", "alias": self.domain, "created": "2026-01-01T00:00:00.000Z"}
        return Reply(200, [{**alias, "deploymentId": current, "projectId": self.project}])

    @route("POST", "/v10/projects/{projectId}/promote/{deploymentId}", "requestPromote")
    def promote(self, request: Request) -> Reply:
        self.check_project(request.values["projectId"])
        self.production.settle()
        return Reply(self.production.promote(request.values["deploymentId"]))

    @route("POST", "/v1/projects/{projectId}/rollback/{deploymentId}", "requestRollback")
    @route("POST", "/v9/projects/{projectId}/rollback/{deploymentId}", "requestRollbackOfTheCommandLine")
    def roll_back(self, request: Request) -> Reply:
        self.check_project(request.values["projectId"])
        self.production.settle()
        self.production.roll_back(request.values["deploymentId"])
        return Reply(201)

    @route("GET", "/v1/projects/{projectId}/promote/aliases", "listPromoteAliases")
    def promote_aliases(self, _request: Request) -> Reply:
        job = self.production.job
        failed = [{"status": "failed", "alias": self.domain, "id": "als_1"}] if job and job.status == "failed" else []
        return Reply(200, {"aliases": failed, "pagination": {"count": len(failed), "next": None, "prev": None}})

    @route("GET", "/v1/projects/{idOrName}/rolling-release/billing", "getRollingReleaseBillingStatus")
    def billing(self, _request: Request) -> Reply:
        return Reply(200, shapes.billing(self.production))

    @route("GET", "/v1/projects/{idOrName}/rolling-release/config", "getRollingReleaseConfig")
    def get_config(self, _request: Request) -> Reply:
        return Reply(200, shapes.configuration(self.production))

    @route("PATCH", "/v1/projects/{idOrName}/rolling-release/config", "updateRollingReleaseConfig")
    def set_config(self, request: Request) -> Reply:
        if self.production.plan == "hobby":
            raise VendorError(403, "plan_not_supported", "Rolling releases need a paid plan")
        wanted = request.data
        self.production.config = _checked(wanted) if wanted.get("enabled") else None
        return Reply(200, shapes.configuration(self.production))

    @route("GET", "/v1/projects/{idOrName}/rolling-release", "getRollingRelease")
    def get_rolling(self, _request: Request) -> Reply:
        self.production.settle()
        return Reply(200, shapes.rolling_release(self.production))

    @route("POST", "/v1/projects/{idOrName}/rolling-release/start", "startRollingRelease")
    def start_rolling(self, request: Request) -> Reply:
        self.production.settle()
        self.production.start(request.data["canaryDeploymentId"])
        return Reply(200, shapes.rolling_release(self.production))

    @route("POST", "/v1/projects/{idOrName}/rolling-release/approve-stage", "approveRollingReleaseStage")
    def approve(self, request: Request) -> Reply:
        self.production.approve(int(request.data["nextStageIndex"]), request.data["canaryDeploymentId"])
        return Reply(200, shapes.rolling_release(self.production))

    @route("POST", "/v1/projects/{idOrName}/rolling-release/complete", "completeRollingRelease")
    def complete(self, request: Request) -> Reply:
        self.production.complete(request.data["canaryDeploymentId"])
        return Reply(200, shapes.rolling_release(self.production))


def _checked(wanted: dict[str, Any]) -> dict[str, object]:
    """The configuration, held against Vercel's rules. Raises VendorError."""
    stages = wanted.get("stages", [])
    percentages = [stage["targetPercentage"] for stage in stages]
    if not 2 <= len(stages) <= 10 or percentages != sorted(set(percentages)) or percentages[-1] != 100:
        raise VendorError(400, "bad_request", "2 to 10 stages, ascending, the last one 100")
    if wanted.get("advancementType") not in ("automatic", "manual-approval"):
        raise VendorError(400, "bad_request", "advancementType must be automatic or manual-approval")
    return {"stages": stages, "advancementType": wanted["advancementType"]}
