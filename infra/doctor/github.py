"""The repository at GitHub: App or token, repository, requests left, and each right that telling of releases needs.

Whether a token may write shows only when it writes: each right is tried with an empty request, which GitHub refuses as
one (422) where it is allowed and with 403 where it is not. Nothing can come of it.
"""

from __future__ import annotations

import time
from functools import partial

import httpx
from pydantic import SecretStr

from infra.code_review.github_api import GithubApi
from infra.code_review.github_calls import CHECK, DEPLOY, MARK, OPEN_ISSUE, PULLS
from infra.doctor import Check
from infra.environment import Environment, Github
from infra.environment.secret import is_placeholder, read_secret
from infra.errors import BadInput, Rejected, Unreachable
from infra.http import Call, Limited, Refused
from infra.prefect_access import prefect_headers
from infra.redaction import remember_secrets

PART = "github"
BLOCK = "block:github-credentials/"
NO_COMMIT = "0" * 40
# What a release asks for, from its first stage to its last.
LEFT_AT_LEAST = 200
RIGHTS = {
    "deployments": (DEPLOY, "Deployments: Read and write"),
    "commit statuses": (MARK, "Commit statuses: Read and write"),
    "issues": (OPEN_ISSUE, "Issues: Read and write"),
}
APP_WRITES = ("checks", "deployments", "issues", "pull_requests", "statuses")


def check_github(environment: Environment) -> list[Check]:
    """Each question asks anew: one that fails says nothing of the others."""
    if environment.github is None:
        return [Check(PART, "repository", lambda: "none is named: releases are shown in Prefect only")]
    opener = {"App": _app} if environment.github.is_app else {"token": _token}
    checks = {**opener, "repository": _repository, "requests left": _rate}
    return [
        *(Check(PART, name, partial(ask, environment)) for name, ask in checks.items()),
        *(Check(PART, name, partial(_may, environment, name)) for name in RIGHTS),
        Check(PART, "checks", partial(_may_check, environment)),
        Check(PART, "pull requests", partial(_pulls, environment)),
    ]


def _api(environment: Environment) -> GithubApi:
    settings = environment.github
    if settings is None:
        raise BadInput("github", "is missing", "add [github]; see example.toml")
    return GithubApi(settings, _secret(environment, settings))


def _secret(environment: Environment, settings: Github) -> SecretStr:
    if settings.is_app:
        return read_secret("github.private_key", settings.private_key)
    if not settings.token.startswith(BLOCK):
        return read_secret("github.token", settings.token)
    name = settings.token.removeprefix(BLOCK)
    path = f"/block_types/slug/github-credentials/block_documents/name/{name}"
    url = environment.prefect_url + path
    try:
        answer = httpx.get(url, params={"include_secrets": "true"}, headers=prefect_headers(), timeout=5)
    except httpx.TransportError as error:
        raise Unreachable(
            f"{environment.prefect_url} gave no answer: {type(error).__name__}", "start Prefect"
        ) from None
    how = f"make it: Prefect's UI, Blocks, GitHub Credentials, named {name}"
    if answer.status_code != 200:
        raise Rejected(f"Prefect answered {answer.status_code} for the block {name}", how)
    value = _token_in(answer, name)
    if is_placeholder(value):
        raise Rejected(f"the block {name} holds no token", how)
    remember_secrets([value])
    return SecretStr(value)


def _token_in(answer: httpx.Response, name: str) -> str:
    try:
        return str((answer.json().get("data") or {}).get("token") or "")
    except (ValueError, AttributeError) as error:
        raise Rejected(
            f"Prefect's address answered something else for the block {name}: {answer.text[:40]!r}",
            "let prefect_api be the address of Prefect's API, which ends with /api",
        ) from error


def _app(environment: Environment) -> str:
    """That a token is given proves its number, its key, its installation and the clock; the token is a new one."""
    app = _api(environment).app
    if app is None:
        raise BadInput("github.app_id", "is missing", "add it; see example.toml")
    found = app.ask_token()
    lacking = [name for name in APP_WRITES if found.permissions.get(name) != "write"]
    if lacking:
        raise Rejected(
            f"its tokens may not write {', '.join(lacking)}",
            "add these under Permissions & events of the App; then the owner of the installation has to accept them",
        )
    return f"gives tokens that may write {', '.join(APP_WRITES)}; this one until {found.expires_at:%H:%M:%S} UTC"


def _token(environment: Environment) -> str:
    rate = _api(environment).rate()
    return f"GitHub takes it, for {rate.limit} requests an hour"


def _repository(environment: Environment) -> str:
    found = _api(environment).repository()
    if found.archived:
        raise Rejected(f"{found.full_name} is archived: nothing can be written there", "name another in [github]")
    issues = "" if found.has_issues else "; it has no issues, so a backup that is not proven is told in Prefect only"
    return f"{found.full_name}{issues}"


def _rate(environment: Environment) -> str:
    rate = _api(environment).rate()
    if rate.remaining < LEFT_AT_LEAST:
        minutes = max(0.0, rate.reset - time.time()) / 60
        raise Rejected(
            f"{rate.remaining} of {rate.limit}, under the {LEFT_AT_LEAST} that a release may ask for",
            f"wait {minutes:.0f} minutes, or use a token that nobody else uses",
        )
    return f"{rate.remaining} of {rate.limit}"


def _may(environment: Environment, name: str) -> str:
    call, right = RIGHTS[name]
    _try(environment, call, f"give the App or the token `{right}`")
    return "the token may write them"


def _may_check(environment: Environment) -> str:
    """No fault of a person's token, which cannot: the release is told without."""
    settings = environment.github
    if settings is not None and settings.is_app:
        _try(environment, CHECK, "give the App `Checks: Read and write`")
        return "the App may write them"
    try:
        _try(environment, CHECK, "name a GitHub App in [github]: app_id, installation and private_key")
    except Rejected as no:
        return f"none are shown, all else is: {no.message}. To have them, {no.hint}"
    return "the token may write them"


def _try(environment: Environment, call: Call, how: str) -> None:
    """An empty request for something that needs a right."""
    api = _api(environment)
    try:
        # Only one of them has a commit in its path; the others have no use for it.
        api.ask(call, body={}, sha=NO_COMMIT)
    except Limited:
        raise
    except Refused as no:
        if no.status in (400, 422):
            return
        raise Rejected(f"{no.message.partition(' (request')[0]}", how) from no


def _pulls(environment: Environment) -> str:
    try:
        _api(environment).ask(PULLS, commit_sha="HEAD")
    except Limited:
        raise
    except Refused as no:
        if no.status == 422:
            return "the token may read them; writing a comment shows with the first"
        raise Rejected(no.message, "give the App or the token `Pull requests: Read and write`") from no
    return "the token may read those of a commit; writing a comment shows with the first"
