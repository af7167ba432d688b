"""GitHub's twin, the part about deployments and what is said of commits."""

from __future__ import annotations

from typing import Any

from deployments.twins import github_shapes as shapes
from deployments.twins.github_ground import STATUS_TEXT_MOST, GithubGround, newest
from deployments.twins.github_state import now
from deployments.twins.server import VendorError, route
from deployments.twins.wire import Reply, Request

_REPO = "/repos/{owner}/{repo}"
_STATUSES = f"{_REPO}/deployments/{{deployment_id}}/statuses"


class GithubDeploymentCalls(GithubGround):
    """Deployments with their statuses, and commit statuses."""

    @route("GET", f"{_REPO}/deployments", "repos/list-deployments")
    def list_deployments(self, request: Request) -> Reply:
        """Newest first, those that fit."""
        wanted = {name: request.query[name] for name in ("sha", "ref", "task", "environment") if name in request.query}
        fits = [one for one in self.state.deployments if all(one[name] == value for name, value in wanted.items())]
        return self.page(request, newest(fits))

    @route("POST", f"{_REPO}/deployments", "repos/create-deployment")
    def create_deployment(self, request: Request) -> Reply:
        """Refused while a status of the commit is not well, unless none is asked for."""
        self.state.need("deployments")
        asked = {"environment": "production", **request.data}
        sha = self.state.know(asked["ref"])
        contexts = asked.get("required_contexts")
        bad = [said for said in self.last_by_context(sha).values() if said["state"] != "success"]
        if bad and contexts != []:
            raise VendorError(409, "", f"Conflict: Commit status checks failed for {sha}.")
        found = shapes.deployment(self.url, self.repo, next(self.state.numbers), asked, now())
        self.state.deployments.append(found)
        return Reply(201, found)

    @route("GET", _STATUSES, "repos/list-deployment-statuses")
    def list_statuses(self, request: Request) -> Reply:
        """Newest first."""
        deployment = self.state.deployment(request.values["deployment_id"])
        return self.page(request, newest(self.state.statuses.get(deployment["id"], [])))

    @route("POST", _STATUSES, "repos/create-deployment-status")
    def create_status(self, request: Request) -> Reply:
        """A success ends those before it, where `auto_inactive` is not off."""
        self.state.need("deployments")
        deployment, asked = self.state.deployment(request.values["deployment_id"]), request.data
        _check_text(asked)
        if asked["state"] == "success" and asked.get("auto_inactive", True):
            self._end_those_before(deployment)
        return Reply(201, self._say(deployment, asked))

    def _end_those_before(self, deployment: dict[str, Any]) -> None:
        for other in self.state.deployments:
            is_kept = other["transient_environment"] or other["production_environment"]
            is_one = other["id"] != deployment["id"] and other["environment"] == deployment["environment"]
            if is_one and not is_kept and self.state.last_state(other["id"]) == "success":
                self._say(other, {"state": "inactive"})

    def _say(self, deployment: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        said = shapes.deployment_status(self.url, self.repo, next(self.state.numbers), deployment, asked, now())
        self.state.statuses.setdefault(deployment["id"], []).append(said)
        return said

    @route("GET", f"{_REPO}/commits/{{ref}}/statuses", "repos/list-commit-statuses-for-ref")
    def list_commit_statuses(self, request: Request) -> Reply:
        """Newest first."""
        return self.page(request, newest(self.state.commit_statuses.get(self.state.know(request.values["ref"]), [])))

    @route("POST", f"{_REPO}/statuses/{{sha}}", "repos/create-commit-status")
    def create_commit_status(self, request: Request) -> Reply:
        """One more, which counts for its context from now on."""
        self.state.need("statuses")
        sha, asked = self.state.know(request.values["sha"]), request.data
        _check_text(asked)
        said = shapes.commit_status(self.url, self.repo, next(self.state.numbers), sha, asked, now())
        self.state.commit_statuses.setdefault(sha, []).append(said)
        return Reply(201, said)

    def last_by_context(self, sha: str) -> dict[str, dict[str, Any]]:
        """What counts of a commit."""
        return {said["context"].lower(): said for said in self.state.commit_statuses.get(sha, [])}


def _check_text(asked: dict[str, Any]) -> None:
    if len(asked.get("description") or "") > STATUS_TEXT_MOST:
        raise VendorError(422, "", f"Validation Failed: description is too long (maximum is {STATUS_TEXT_MOST})")
