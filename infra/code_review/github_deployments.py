"""How a release stands: a deployment in the environment's history with its statuses, and a status of the commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.code_review import Standing, State
from infra.code_review.github_api import GithubApi
from infra.code_review.github_calls import COMMIT_STATUSES, DEPLOY, DEPLOYMENTS, MARK, SAY, STATUSES
from infra.code_review.github_records import Deployment, Said

LONGEST_DESCRIPTION = 140
# So many before the newest are asked whether they still say that they are live.
LOOKED_BACK = 10
COMMIT_STATES = {"in_progress": "pending", "inactive": "success"}


class GithubDeployments:
    """The deployments and the commit statuses of one repository."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api

    def show(self, standing: Standing) -> None:
        """As `CodeReview.show_standing`."""
        deployment = self._find(standing) or self._make(standing)
        self._say(deployment, standing.state, standing)
        self._mark(standing)
        if standing.state == "success":
            self._retire_others(deployment, standing)

    def _find(self, standing: Standing) -> Deployment | None:
        for some in self._listed({"sha": standing.version, "environment": standing.environment}):
            if some.facts.get("release") == standing.release:
                return some
        return None

    def _listed(self, query: dict[str, str]) -> Iterator[Deployment]:
        for page in self._api.pages(DEPLOYMENTS, list[Deployment], query):
            yield from page

    def _make(self, standing: Standing) -> Deployment:
        """It is our own gates that decide, so GitHub waits for no status of the commit and merges nothing."""
        body = {
            "ref": standing.version,
            "task": "deploy",
            "auto_merge": False,
            "required_contexts": [],
            "payload": {"release": standing.release, "app": standing.app, "label": standing.label},
            "environment": standing.environment,
            "description": f"{standing.app} {standing.label}"[:LONGEST_DESCRIPTION],
            "transient_environment": False,
            "production_environment": standing.is_production,
        }
        return self._api.ask(DEPLOY, body=body).read(Deployment)

    def _say(self, deployment: Deployment, state: State, standing: Standing) -> None:
        last = self._last(deployment)
        text = _short(standing.reason)
        if last and (last.state, last.description or "") == (state, text):
            return
        body: dict[str, Any] = {
            "state": state,
            "description": text,
            "environment": standing.environment,
            # It would retire other apps' deployments too, and those of no production environment only.
            "auto_inactive": False,
            **({"log_url": standing.page} if standing.page else {}),
            **({"environment_url": standing.url} if standing.url else {}),
        }
        self._api.ask(SAY, body=body, deployment_id=deployment.id)

    def _last(self, deployment: Deployment) -> Said | None:
        """The newest is listed first."""
        asked = {"per_page": "1"}
        found = self._api.ask(STATUSES, query=asked, deployment_id=deployment.id).read(list[Said])
        return found[0] if found else None

    def _retire_others(self, live: Deployment, standing: Standing) -> None:
        query = {"environment": standing.environment, "per_page": str(LOOKED_BACK + 1)}
        for other in self._api.ask(DEPLOYMENTS, query=query).read(list[Deployment]):
            if other.id == live.id or other.facts.get("app") != standing.app:
                continue
            last = self._last(other)
            if last and last.state == "success":
                body = {"state": "inactive", "description": _short(f"{standing.label} is live"), "auto_inactive": False}
                self._api.ask(SAY, body=body, deployment_id=other.id)

    def _mark(self, standing: Standing) -> None:
        context = f"pipeline/{standing.environment}"
        state, text = COMMIT_STATES.get(standing.state, standing.state), _short(standing.reason)
        for page in self._api.pages(COMMIT_STATUSES, list[Said], {}, ref=standing.version):
            last = next((said for said in page if said.context == context), None)
            if last and (last.state, last.description or "", last.target_url or "") == (state, text, standing.page):
                return
            if last:
                break
        body = {"state": state, "description": text, "context": context}
        self._api.ask(MARK, body={**body, "target_url": standing.page or None}, sha=standing.version)


def _short(text: str) -> str:
    """One line of the length that GitHub takes."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DESCRIPTION else f"{line[: LONGEST_DESCRIPTION - 3]}..."
