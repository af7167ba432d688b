"""GitHub's twin, the part about check runs: what is completed stays so, and remarks are added 50 at a time."""

from __future__ import annotations

from typing import Any

from deployments.twins import github_shapes as shapes
from deployments.twins.github_ground import GithubGround, newest
from deployments.twins.github_state import now
from deployments.twins.server import VendorError, route
from deployments.twins.wire import Reply, Request

REMARKS_AT_ONCE = 50
_REPO = "/repos/{owner}/{repo}"


class GithubCheckCalls(GithubGround):
    """Check runs of commits."""

    @route("GET", f"{_REPO}/commits/{{ref}}/check-runs", "checks/list-for-ref")
    def list_check_runs(self, request: Request) -> Reply:
        """Of a commit: all, or the newest of each name."""
        sha = self.state.know(request.values["ref"])
        fits = [run for run in self.state.check_runs if run["head_sha"] == sha]
        if "check_name" in request.query:
            fits = [run for run in fits if run["name"] == request.query["check_name"]]
        if request.query.get("filter", "latest") == "latest":
            fits = list({run["name"]: run for run in fits}.values())
        return self.page(request, newest(fits), "check_runs")

    @route("POST", f"{_REPO}/check-runs", "checks/create")
    def create_check_run(self, request: Request) -> Reply:
        """One more, also beside one of the same name."""
        self.state.need("checks")
        asked = request.data
        self.state.know(asked["head_sha"])
        run = shapes.check_run(self.repo, next(self.state.numbers), asked, now())
        self._write(run, asked)
        self.state.check_runs.append(run)
        return Reply(201, run)

    @route("PATCH", f"{_REPO}/check-runs/{{check_run_id}}", "checks/update")
    def update_check_run(self, request: Request) -> Reply:
        """GitHub answers 200 to who would open a completed one again, and leaves it completed."""
        self.state.need("checks")
        run = self.state.check_run(request.values["check_run_id"])
        self._write(run, request.data)
        return Reply(200, run)

    def _write(self, run: dict[str, Any], asked: dict[str, Any]) -> None:
        remarks = asked.get("output", {}).get("annotations", [])
        if len(remarks) > REMARKS_AT_ONCE:
            raise VendorError(422, "", f"Invalid request. No more than {REMARKS_AT_ONCE} annotations are allowed")
        if asked.get("status") == "completed" and "conclusion" not in asked:
            raise VendorError(422, "", "Invalid request. conclusion is required when status is completed")
        run |= {name: asked[name] for name in ("name", "external_id", "details_url") if name in asked}
        if run["status"] != "completed":
            run["status"] = "completed" if asked.get("conclusion") else asked.get("status", run["status"])
            run["conclusion"] = asked.get("conclusion")
            run["completed_at"] = asked.get("completed_at", now()) if asked.get("conclusion") else None
        self._remark(run, asked.get("output", {}), remarks)

    def _remark(self, run: dict[str, Any], output: dict[str, Any], remarks: list[dict[str, Any]]) -> None:
        kept = self.state.annotations.setdefault(run["id"], [])
        kept += remarks
        said = {name: output[name] for name in ("title", "summary", "text") if name in output}
        run["output"] = {**run["output"], **said, "annotations_count": len(kept)}
