"""The way to one repository at GitHub: its calls with the headers they need, and lists page by page.

What opens it is a token, or a GitHub App whose token is asked for, kept, and renewed before each call that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import SecretStr

from infra.code_review.github_app import GithubApp
from infra.code_review.github_calls import HEADERS, PAGE, RATE, REPOSITORY, VENDOR
from infra.code_review.github_records import Rate, RateLimits, Repository
from infra.environment.vendors_code import Github
from infra.http import Answer, Api, Call, Patience, Refused, Service

MOST_PAGES = 10
# Nobody waits for what is only told: a call is over soon, well or not.
SHORT = Patience(tries=2, seconds=3.0, first_pause_seconds=0.3)
TIMEOUT_SECONDS = 4.0
NO_TOKEN = SecretStr("none")

Listed = TypeVar("Listed")


class GithubApi:
    """The repository that `[github]` names. `secret` is the App's private key where it names one, else the token."""

    def __init__(
        self,
        settings: Github,
        secret: SecretStr,
        patience: Patience = SHORT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.settings = settings
        # An App's key opens nothing by itself and goes nowhere: each call has the token of the hour.
        token = NO_TOKEN if settings.is_app else secret
        self._api = Api(Service(VENDOR, settings.api, token, {}, patience, timeout_seconds))
        self.app = GithubApp(settings, secret, self._api) if settings.is_app else None
        self._repo = {"owner": settings.owner, "repo": settings.name}

    def ask(self, call: Call, *, query: Mapping[str, str] | None = None, body: Any = None, **path: str | int) -> Answer:
        """As `Api.ask`, in our repository."""
        values = {**self._repo, **{name: str(value) for name, value in path.items()}}

        def send(more: Mapping[str, str]) -> Answer:
            return self._api.ask(call, values, query=query, body=body, headers={**HEADERS, **more})

        return _as_app(self.app, send) if self.app else send({})

    def pages(self, call: Call, kind: type[Listed], query: Mapping[str, str], **path: str | int) -> Iterator[Listed]:
        """Each page as a `kind`, one after the other for as long as they are full, ten at most: whoever looks for one
        stops when it is found."""
        for number in range(1, MOST_PAGES + 1):
            asked = {**query, "per_page": str(PAGE), "page": str(number)}
            answer = self.ask(call, query=asked, **path)
            yield answer.read(kind)
            if 'rel="next"' not in answer.response.headers.get("Link", ""):
                return

    def rate(self) -> Rate:
        """How much the token may still ask for in this hour."""
        return self.ask(RATE).read(RateLimits).resources.core

    def repository(self) -> Repository:
        """The repository as the token sees it."""
        return self.ask(REPOSITORY).read(Repository)


def _as_app(app: GithubApp, send: Callable[[Mapping[str, str]], Answer]) -> Answer:
    """With a token that GitHub does not take, nothing happened: it is asked once more with a new one."""
    token = app.token()
    try:
        return send(_bearer(token))
    except Refused as no:
        if no.status != 401:
            raise
        app.forget(token)
    return send(_bearer(app.token()))


def _bearer(token: SecretStr) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.get_secret_value()}"}
