"""GitHub's twin: one repository with its deployments, check runs, statuses, pull requests, comments and issues."""

from __future__ import annotations

import time
from typing import Any

from deployments.twins import github_shapes as shapes
from deployments.twins.github_app import GithubAppCalls
from deployments.twins.github_checks import GithubCheckCalls
from deployments.twins.github_deployments import GithubDeploymentCalls
from deployments.twins.github_ground import newest
from deployments.twins.github_state import NAME, REPOSITORY, now
from deployments.twins.server import VendorError, route
from deployments.twins.wire import Reply, Request

LIMIT = 5_000
HOUR_SECONDS = 3_600
# What the rate limits are counted by; only the first one is asked about.
RESOURCES = ("core", "graphql", "search", "code_search", "source_import", "integration_manifest")
_REPO = "/repos/{owner}/{repo}"
_ISSUE = f"{_REPO}/issues/{{issue_number}}"


class GithubTwin(GithubDeploymentCalls, GithubCheckCalls, GithubAppCalls):
    """Moods are set by operation; the state may be changed by a test at any time."""

    @property
    def api(self) -> str:
        """Where its API begins."""
        return self.url

    @route("GET", "/rate_limit", "rate-limit/get")
    def rate_limit(self, _request: Request) -> Reply:
        """Of the token."""
        left = self.state.remaining
        rate = {"limit": LIMIT, "remaining": left, "used": LIMIT - left, "reset": int(time.time()) + HOUR_SECONDS}
        return Reply(200, {"resources": dict.fromkeys(RESOURCES, rate), "rate": rate})

    @route("GET", "/user", "users/get-authenticated")
    def authenticated(self, _request: Request) -> Reply:
        """Whose token it is, where it is a person's."""
        if self.state.is_app:
            raise VendorError(403, "", "Resource not accessible by integration")
        return Reply(200, shapes.user(self.url, is_app=False))

    @route("GET", _REPO, "repos/get")
    def repository(self, _request: Request) -> Reply:
        """The repository, as far as anybody asks."""
        may = "contents" in self.state.may_write
        permissions = {"admin": False, "maintain": False, "push": may, "triage": may, "pull": True}
        facts = {"has_issues": True, "archived": self.state.is_archived, "permissions": permissions}
        return Reply(200, {"id": 1, "name": NAME, "full_name": REPOSITORY, "private": True, **facts})

    @route("GET", f"{_REPO}/commits/{{commit_sha}}/pulls", "repos/list-pull-requests-associated-with-commit")
    def pulls(self, request: Request) -> Reply:
        """The pull requests that hold a commit."""
        numbers = self.state.pulls.get(self.state.know(request.values["commit_sha"]), [])
        return self.page(request, [{"id": 5000 + one, "number": one, "state": "open"} for one in numbers])

    @route("GET", f"{_REPO}/pulls/{{pull_number}}", "pulls/get")
    def pull(self, request: Request) -> Reply:
        """One pull request; of a branch of the repository itself unless the state says otherwise."""
        number = int(request.values["pull_number"])
        version = next((sha for sha, some in self.state.pulls.items() if number in some), "")
        if not version and number not in self.state.heads:
            raise VendorError(404, "", "Not Found")
        head = {"ref": f"feature-{number}", "sha": version, "repo": {"full_name": REPOSITORY}}
        told = {"state": "open", "head": head} | self.state.heads.get(number, {})
        return Reply(200, {"id": 5000 + number, "number": number, **told})

    @route("GET", f"{_ISSUE}/comments", "issues/list-comments")
    def list_comments(self, request: Request) -> Reply:
        """Oldest first."""
        return self.page(request, self.state.comments.get(self._known(request), []))

    @route("POST", f"{_ISSUE}/comments", "issues/create-comment")
    def create_comment(self, request: Request) -> Reply:
        """On an issue, or on a pull request."""
        number = self._known(request)
        self.state.need("issues" if number in self.state.issues else "pull_requests")
        body, is_app = str(request.data["body"]), self.state.is_app
        found = shapes.comment(self.url, self.repo, next(self.state.numbers), number, body, now(), is_app=is_app)
        self.state.comments.setdefault(number, []).append(found)
        return Reply(201, found)

    @route("PATCH", f"{_REPO}/issues/comments/{{comment_id}}", "issues/update-comment")
    def update_comment(self, request: Request) -> Reply:
        """Another text."""
        self.state.need("pull_requests")
        for found in (one for some in self.state.comments.values() for one in some):
            if str(found["id"]) == request.values["comment_id"]:
                found |= {"body": str(request.data["body"]), "updated_at": now()}
                return Reply(200, found)
        raise VendorError(404, "", "Not Found")

    @route("GET", f"{_REPO}/issues", "issues/list-for-repo")
    def list_issues(self, request: Request) -> Reply:
        """Newest first; open ones unless others are asked for."""
        state = request.query.get("state", "open")
        fits = [one for one in self.state.issues.values() if state in ("all", one["state"])]
        return self.page(request, newest(fits))

    @route("POST", f"{_REPO}/issues", "issues/create")
    def create_issue(self, request: Request) -> Reply:
        """An open one."""
        self.state.need("issues")
        number = next(self.state.numbers)
        found = shapes.issue(self.url, self.repo, number, request.data, now(), is_app=self.state.is_app)
        self.state.issues[number] = found
        return Reply(201, found)

    @route("PATCH", f"{_ISSUE}", "issues/update")
    def update_issue(self, request: Request) -> Reply:
        """Closed, or opened again."""
        self.state.need("issues")
        found, asked = self._issue(request), request.data
        found |= {name: asked[name] for name in ("title", "body", "state", "state_reason") if name in asked}
        found["closed_at"] = now() if found["state"] == "closed" else None
        return Reply(200, found)

    @route("POST", f"{_REPO}/dispatches", "repos/create-dispatch-event")
    def dispatch(self, request: Request) -> Reply:
        """An event that workflows may wait for."""
        self.state.need("contents")
        self.state.dispatched.append(request.data)
        return Reply(204)

    @route("POST", f"{_REPO}/actions/workflows/{{workflow_id}}/dispatches", "actions/create-workflow-dispatch")
    def dispatch_workflow(self, request: Request) -> Reply:
        """One workflow, by its file's name or number."""
        self.state.need("actions")
        asked = request.data
        self.state.dispatched.append({"workflow": request.values["workflow_id"], **asked})
        if not asked.get("return_run_details"):
            return Reply(204)
        run = next(self.state.numbers)
        url = f"{self.repo}/actions/runs/{run}"
        return Reply(200, {"workflow_run_id": run, "run_url": url, "html_url": url})

    def _known(self, request: Request) -> int:
        number = int(request.values["issue_number"])
        if number not in self.state.issues and all(number not in some for some in self.state.pulls.values()):
            raise VendorError(404, "", "Not Found")
        return number

    def _issue(self, request: Request) -> dict[str, Any]:
        found = self.state.issues.get(int(request.values["issue_number"]))
        if found is None:
            raise VendorError(404, "", "Not Found")
        return found
