"""What we ask of GitHub, as data: its REST API of 2022-11-28 (`github.json`)."""

from __future__ import annotations

from infra.http import Call

VENDOR = "GitHub"
SOURCE = "github.json"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAGE = 100
OUTSIDE = "github/rest-api-description, of which the document at hand is a part without it"

# Sent twice it makes two tokens, of which nobody knows one; that one ends within the hour.
INSTALLATION_TOKEN = Call(
    VENDOR,
    "apps/create-installation-access-token",
    "POST",
    "/app/installations/{installation_id}/access_tokens",
    outside=OUTSIDE,
    is_idempotent=True,
)
_REPO = "/repos/{owner}/{repo}"
_DEPLOYMENTS = f"{_REPO}/deployments"
_STATUSES = f"{_DEPLOYMENTS}/{{deployment_id}}/statuses"
_ISSUES = f"{_REPO}/issues"

RATE = Call(VENDOR, "rate-limit/get", "GET", "/rate_limit", SOURCE)
# Who the token belongs to; 403 for one of an App.
USER = Call(VENDOR, "users/get-authenticated", "GET", "/user", outside=OUTSIDE)
REPOSITORY = Call(VENDOR, "repos/get", "GET", _REPO, outside=OUTSIDE)
DEPLOYMENTS = Call(VENDOR, "repos/list-deployments", "GET", _DEPLOYMENTS, SOURCE)
DEPLOY = Call(VENDOR, "repos/create-deployment", "POST", _DEPLOYMENTS, SOURCE)
STATUSES = Call(VENDOR, "repos/list-deployment-statuses", "GET", _STATUSES, SOURCE)
# A status that is said twice is in the history twice: none is sent again before the last one is read back.
SAY = Call(VENDOR, "repos/create-deployment-status", "POST", _STATUSES, SOURCE)
COMMIT_STATUSES = Call(VENDOR, "repos/list-commit-statuses-for-ref", "GET", f"{_REPO}/commits/{{ref}}/statuses", SOURCE)
MARK = Call(VENDOR, "repos/create-commit-status", "POST", f"{_REPO}/statuses/{{sha}}", SOURCE)
CHECKS = Call(VENDOR, "checks/list-for-ref", "GET", f"{_REPO}/commits/{{ref}}/check-runs", SOURCE)
CHECK = Call(VENDOR, "checks/create", "POST", f"{_REPO}/check-runs", SOURCE)
# Remarks are added to those before: an update that is sent twice has them twice.
CHANGE_CHECK = Call(VENDOR, "checks/update", "PATCH", f"{_REPO}/check-runs/{{check_run_id}}", SOURCE)
PULLS = Call(
    VENDOR,
    "repos/list-pull-requests-associated-with-commit",
    "GET",
    f"{_REPO}/commits/{{commit_sha}}/pulls",
    outside=OUTSIDE,
)
PULL = Call(VENDOR, "pulls/get", "GET", f"{_REPO}/pulls/{{pull_number}}", outside=OUTSIDE)
COMMENTS = Call(VENDOR, "issues/list-comments", "GET", f"{_ISSUES}/{{issue_number}}/comments", outside=OUTSIDE)
COMMENT = Call(VENDOR, "issues/create-comment", "POST", f"{_ISSUES}/{{issue_number}}/comments", SOURCE)
CHANGE_COMMENT = Call(
    VENDOR,
    "issues/update-comment",
    "PATCH",
    f"{_ISSUES}/comments/{{comment_id}}",
    outside=OUTSIDE,
    is_idempotent=True,
)
ISSUES = Call(VENDOR, "issues/list-for-repo", "GET", _ISSUES, SOURCE)
OPEN_ISSUE = Call(VENDOR, "issues/create", "POST", _ISSUES, SOURCE)
CHANGE_ISSUE = Call(VENDOR, "issues/update", "PATCH", f"{_ISSUES}/{{issue_number}}", SOURCE, is_idempotent=True)
CALLS = (
    INSTALLATION_TOKEN,
    RATE,
    USER,
    REPOSITORY,
    DEPLOYMENTS,
    DEPLOY,
    STATUSES,
    SAY,
    COMMIT_STATUSES,
    MARK,
    CHECKS,
    CHECK,
    CHANGE_CHECK,
    PULLS,
    PULL,
    COMMENTS,
    COMMENT,
    CHANGE_COMMENT,
    ISSUES,
    OPEN_ISSUE,
    CHANGE_ISSUE,
)
