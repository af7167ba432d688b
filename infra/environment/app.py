"""What is released in an environment, and the secrets that it is given."""

from __future__ import annotations

from pydantic import Field, field_validator

from infra.config import Part
from infra.environment.secret import is_place, is_placeholder, variable
from infra.redaction import remember_secrets


class App(Part):
    """What is released here. An empty name lets any app in.

    A secret variable is `env:NAME` or `block:<type>/<name>`, read when it is needed; only a local
    environment may hold the value itself.
    """

    name: str = ""
    variables: dict[str, str] = Field(default_factory=dict)
    secret_variables: dict[str, str] = Field(default_factory=dict)

    @field_validator("secret_variables")
    @classmethod
    def _are_real(cls, value: dict[str, str]) -> dict[str, str]:
        for name, secret in value.items():
            if is_placeholder(secret):
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
    return variable(field, value) if is_place(value) else value
