"""Where an environment's releases are shown to the people who write the code: one repository at GitHub."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from infra.config import Part
from infra.environment.secret import SecretName
from infra.environment.vendors_data import OptionalUrl, Url

TokenName = Annotated[
    str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|block:github-credentials/[a-z0-9][a-z0-9-]*)?$")
]


class Github(Part):
    """`api` of GitHub Enterprise is `https://HOST/api/v3`. `pages` is where people open Prefect's UI.

    A GitHub App opens it (`app_id`, its number or client id; `installation`; `private_key`), or a `token`: one of them.
    A token named `block:github-credentials/NAME` is a block of Prefect's, `env:NAME` a variable.
    """

    repository: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")
    token: TokenName = ""
    app_id: str = Field("", pattern=r"^[A-Za-z0-9._-]*$")
    installation: int = Field(0, ge=0)
    private_key: SecretName = ""
    api: Url = "https://api.github.com"
    pages: OptionalUrl = ""

    @model_validator(mode="after")
    def _is_opened_by_one(self) -> Github:
        app = {"app_id": self.app_id, "installation": self.installation, "private_key": self.private_key}
        missing = [name for name, value in app.items() if not value]
        if self.token and len(missing) < len(app):
            named = ", ".join(name for name in app if name not in missing)
            raise ValueError(f"token and {named} are both given; fix: keep the token, or the App's three keys")
        if not self.token and len(missing) == len(app):
            raise ValueError("names nothing that opens it; fix: add app_id, installation and private_key, or a token")
        if not self.token and missing:
            raise ValueError(f"{missing[0]} is missing beside the App's other keys; fix: add {', '.join(missing)}")
        return self

    @property
    def is_app(self) -> bool:
        """Whether a GitHub App opens it."""
        return bool(self.app_id)

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
