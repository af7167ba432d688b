"""GitHub, where code is reviewed: deployments, check runs, statuses, comments and issues of one repository."""

from __future__ import annotations

from pydantic import SecretStr

from infra.code_review import Check, Comment, Conclusion, Standing, Trouble
from infra.code_review.github_api import SHORT, TIMEOUT_SECONDS, GithubApi
from infra.code_review.github_checks import GithubChecks
from infra.code_review.github_deployments import GithubDeployments
from infra.code_review.github_words import GithubWords
from infra.environment.vendors_code import Github
from infra.http import Patience


class GithubReview:
    """A CodeReview. Keeps nothing in mind between two calls: what is there is read at GitHub each time."""

    def __init__(
        self,
        settings: Github,
        secret: SecretStr,
        patience: Patience = SHORT,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        api = GithubApi(settings, secret, patience, timeout_seconds)
        self._deployments, self._checks, self._words = GithubDeployments(api), GithubChecks(api), GithubWords(api)

    def show_standing(self, standing: Standing) -> None:
        """A deployment for each release, found by the release's id in its payload, and the status of the commit."""
        self._deployments.show(standing)

    def show_check(self, check: Check) -> None:
        """A check run for each stage."""
        self._checks.show(check)

    def close_checks(self, version: str, prefix: str, conclusion: Conclusion, why: str) -> int:
        """Those that a process which died left in progress."""
        return self._checks.close(version, prefix, conclusion, why)

    def show_comment(self, comment: Comment) -> int:
        """Updated in place."""
        return self._words.show_comment(comment)

    def show_trouble(self, trouble: Trouble) -> None:
        """An issue."""
        self._words.show_trouble(trouble)
