"""The way to one repository at GitHub: its calls with the headers they need, and lists page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import SecretStr

from infra.code_review.github_calls import HEADERS, PAGE, RATE, REPOSITORY, VENDOR
from infra.code_review.github_records import Rate, RateLimits, Repository
from infra.environment.vendors_code import Github
from infra.http import Answer, Api, Call, Patience, Service

MOST_PAGES = 10
# Nobody waits for what is only told: a call is over soon, well or not.
SHORT = Patience(tries=2, seconds=3.0, first_pause_seconds=0.3)
TIMEOUT_SECONDS = 4.0

Listed = TypeVar("Listed")


class GithubApi:
    """The repository that `[github]` names."""

    def __init__(
        self,
        settings: Github,
        token: SecretStr,
        patience: Patience = SHORT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.settings = settings
        self._api = Api(Service(VENDOR, settings.api, token, {}, patience, timeout_seconds))
        self._repo = {"owner": settings.owner, "repo": settings.name}

    def ask(self, call: Call, *, query: Mapping[str, str] | None = None, body: Any = None, **path: str | int) -> Answer:
        """As `Api.ask`, in our repository."""
        values = {**self._repo, **{name: str(value) for name, value in path.items()}}
        return self._api.ask(call, values, query=query, body=body, headers=HEADERS)

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
