"""Where an environment's app runs: one Vercel project."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field

from infra.config import Part
from infra.environment.secret import SecretName
from infra.environment.vendors_data import Domain, NeededSecret, Url


class Vercel(Part):
    """One project, whose production serves `domain`. `team` is its id, empty for a personal account.

    `bypass` names the variable with the project's "Protection Bypass for Automation"; without it deployments are
    asked at their own addresses as strangers.
    """

    project: str = Field(min_length=1)
    domain: Domain
    token: NeededSecret
    team: str = Field("", pattern=r"^(team_[A-Za-z0-9]+)?$")
    bypass: SecretName = ""
    api: Url = "https://api.vercel.com"
    job_timeout_seconds: float = Field(180, gt=0)
    attack_mode_seconds: float = Field(14_400, gt=0)
    poll_seconds: float = Field(1.0, gt=0, le=60)

    @property
    def scheme(self) -> str:
        """Of the addresses that Vercel gives without one: as its API's."""
        return urlsplit(self.api).scheme

    @property
    def url(self) -> str:
        """Where visitors come to."""
        return f"{self.scheme}://{self.domain}"
