"""Where an environment's releases are shown to the people who write the code: one repository at GitHub."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from infra.config import Part
from infra.environment.vendors_data import OptionalUrl, Url

TokenName = Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|block:github-credentials/[a-z0-9][a-z0-9-]*)$")]


class Github(Part):
    """`api` of GitHub Enterprise is `https://HOST/api/v3`. `pages` is where people open Prefect's UI.

    A token named `block:github-credentials/NAME` is a block of Prefect's, `env:NAME` a variable.
    """

    repository: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")
    token: TokenName
    api: Url = "https://api.github.com"
    pages: OptionalUrl = ""

    @property
    def host(self) -> str:
        """Where its repositories are cloned from."""
        return (urlsplit(self.api).hostname or "").removeprefix("api.")

    @property
    def owner(self) -> str:
        """Whose repository it is."""
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's own name."""
        return self.repository.partition("/")[2]
