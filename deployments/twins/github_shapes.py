"""How GitHub writes down what its twin holds: every field that its document requires."""

from __future__ import annotations

from typing import Any

LOGIN = "securyflex"


def user(api: str, *, is_app: bool = True) -> dict[str, Any]:
    """An App as GitHub names it, or a person."""
    login = f"{LOGIN}[bot]" if is_app else LOGIN
    base = f"{api}/users/{login}"
    more = ("events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred")
    return {
        "login": login,
        "id": 1,
        "node_id": "U_1",
        "avatar_url": f"{base}/avatar",
        "gravatar_id": "",
        "url": base,
        "html_url": base,
        "type": "Bot" if is_app else "User",
        "site_admin": False,
        "subscriptions_url": f"{base}/subscriptions",
        **{f"{name}_url": f"{base}/{name}" for name in more},
    }


def deployment(api: str, repo: str, number: int, asked: dict[str, Any], when: str) -> dict[str, Any]:
    """`asked` is the request's body with its defaults."""
    url = f"{repo}/deployments/{number}"
    return {
        "url": url,
        "id": number,
        "node_id": f"DE_{number}",
        "sha": asked["ref"],
        "ref": asked["ref"],
        "task": asked.get("task", "deploy"),
        "payload": asked.get("payload", ""),
        "original_environment": asked["environment"],
        "environment": asked["environment"],
        "description": asked.get("description"),
        "creator": user(api),
        "created_at": when,
        "updated_at": when,
        "statuses_url": f"{url}/statuses",
        "repository_url": repo,
        "transient_environment": asked.get("transient_environment", False),
        "production_environment": asked.get("production_environment", asked["environment"] == "production"),
    }


def deployment_status(
    api: str, repo: str, number: int, made_for: dict[str, Any], asked: dict[str, Any], when: str
) -> dict[str, Any]:
    """One status of a deployment."""
    log = asked.get("log_url") or asked.get("target_url") or f"{repo}/deployments"
    return {
        "url": f"{made_for['url']}/statuses/{number}",
        "id": number,
        "node_id": f"DES_{number}",
        "state": asked["state"],
        "creator": user(api),
        "description": asked.get("description", ""),
        "environment": asked.get("environment", made_for["environment"]),
        "target_url": log,
        "log_url": log,
        "environment_url": asked.get("environment_url") or repo,
        "created_at": when,
        "updated_at": when,
        "deployment_url": made_for["url"],
        "repository_url": repo,
    }


def commit_status(api: str, repo: str, number: int, sha: str, asked: dict[str, Any], when: str) -> dict[str, Any]:
    """One status of a commit."""
    return {
        "url": f"{repo}/statuses/{sha}",
        "avatar_url": None,
        "id": number,
        "node_id": f"SC_{number}",
        "state": asked["state"],
        "description": asked.get("description"),
        "target_url": asked.get("target_url"),
        "context": asked.get("context", "default"),
        "created_at": when,
        "updated_at": when,
        "creator": user(api),
    }


def check_run(repo: str, number: int, asked: dict[str, Any], when: str) -> dict[str, Any]:
    """A check run as it is made; what it says about lines is counted, and listed elsewhere."""
    return {
        "id": number,
        "node_id": f"CR_{number}",
        "head_sha": asked["head_sha"],
        "name": asked["name"],
        "external_id": asked.get("external_id", ""),
        "url": f"{repo}/check-runs/{number}",
        "html_url": f"{repo}/runs/{number}",
        "details_url": asked.get("details_url"),
        "status": "queued",
        "conclusion": None,
        "started_at": asked.get("started_at", when),
        "completed_at": None,
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{repo}/check-runs/{number}/annotations",
        },
        "check_suite": {"id": 1},
        "app": None,
        "pull_requests": [],
    }


def issue(api: str, repo: str, number: int, asked: dict[str, Any], when: str, *, is_app: bool = True) -> dict[str, Any]:
    """An issue as it is opened."""
    url = f"{repo}/issues/{number}"
    return {
        "id": 1000 + number,
        "node_id": f"I_{number}",
        "url": url,
        "repository_url": repo,
        "labels_url": f"{url}/labels",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": url,
        "number": number,
        "state": "open",
        "title": asked["title"],
        "body": asked.get("body"),
        "user": user(api, is_app=is_app),
        "labels": [],
        "assignee": None,
        "milestone": None,
        "locked": False,
        "comments": 0,
        "closed_at": None,
        "created_at": when,
        "updated_at": when,
    }


def comment(api: str, repo: str, number: int, on: int, body: str, when: str, *, is_app: bool = True) -> dict[str, Any]:
    """A comment on an issue or a pull request."""
    url = f"{repo}/issues/comments/{number}"
    return {
        "id": number,
        "node_id": f"IC_{number}",
        "url": url,
        "html_url": url,
        "body": body,
        "user": user(api, is_app=is_app),
        "created_at": when,
        "updated_at": when,
        "issue_url": f"{repo}/issues/{on}",
        "author_association": "NONE",
    }
