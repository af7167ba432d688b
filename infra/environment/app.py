"""What is released in an environment, and the secrets that it is given."""

from __future__ import annotations

import os

from pydantic import Field, field_validator

from infra.config import Part
from infra.errors import BadInput
from infra.redaction import remember_secrets

_PLACEHOLDERS = (
    "changeme",
    "change-me",
    "todo",
    "xxx",
    "placeholder",
    "your-",
    "example",
    "<",
    "secret",
    "password",
)


class App(Part):
    """What is released here. An empty name lets any app in.

    A secret variable is `env:NAME`, read from our own environment when it is needed; only a local
    environment may hold the value itself.
    """

    name: str = ""
    variables: dict[str, str] = Field(default_factory=dict)
    secret_variables: dict[str, str] = Field(default_factory=dict)

    @field_validator("secret_variables")
    @classmethod
    def _are_real(cls, value: dict[str, str]) -> dict[str, str]:
        for name, secret in value.items():
            if not secret.strip() or secret.lower().startswith(_PLACEHOLDERS):
                raise ValueError(f"{name} holds a placeholder, not a secret")
        return value

    def secrets(self) -> dict[str, str]:
        """The values of the secret variables, redacted from everything printed from now on.

        Raises BadInput naming the one that is not set.
        """
        found = {name: _secret(f"app.secret_variables.{name}", value) for name, value in self.secret_variables.items()}
        remember_secrets(found.values())
        return found


def _secret(field: str, value: str) -> str:
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    secret = os.environ.get(name, "")
    if not secret.strip() or secret.lower().startswith(_PLACEHOLDERS):
        raise BadInput(field, f"the variable {name} is not set or holds a placeholder", f"export {name}")
    return secret
