"""Pull requests at GitHub, by their number."""

from __future__ import annotations

from pydantic import SecretStr

from infra.code_review import PullRequest
from infra.code_review.github_api import GithubApi
from infra.code_review.github_calls import PULL
from infra.code_review.github_records import WholePull
from infra.environment.vendors_code import Github
from infra.errors import Rejected
from infra.http import Patience, Refused

TIMEOUT_SECONDS = 15.0


class GithubPulls:
    """Those of the repository that `[github]` names. A preview waits for the answer: it is asked with patience."""

    def __init__(
        self,
        settings: Github,
        secret: SecretStr,
        patience: Patience | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._api = GithubApi(settings, secret, patience or Patience(), timeout_seconds)

    def pull_request(self, number: int) -> PullRequest | None:
        """As it is now. Raises Rejected for the answer about another one."""
        try:
            found = self._api.ask(PULL, pull_number=number).read(WholePull)
        except Refused as no:
            if no.status == 404:
                return None
            raise
        if found.number != number:
            raise Rejected(f"asked GitHub for pull request {number} and was told of {found.number}", "ask again")
        repository = found.head.repo.full_name if found.head.repo else ""
        return PullRequest(number, found.state == "open", repository, found.head.ref, found.head.sha)
