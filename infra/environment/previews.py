"""Previews of pull requests: how many may live, and what they find in their environment beside their own database."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.config import Part
from infra.environment.secret import variable
from infra.environment.vendors_data import NeededSecret
from infra.redaction import remember_secrets


class Previews(Part):
    """Nothing of `[app]` reaches a preview: what it needs stands here, and must open nothing that visitors use.

    With `most` previews alive the next one ends the one that was touched longest ago, or is refused.
    """

    most: int = Field(10, ge=1, le=100)
    when_full: Literal["end-oldest", "refuse"] = "end-oldest"
    database_timeout_seconds: float = Field(600, gt=0)
    variables: dict[str, str] = Field(default_factory=dict)
    secret_variables: dict[str, NeededSecret] = Field(default_factory=dict)

    def secrets(self) -> dict[str, str]:
        """The values of the secret variables, redacted from now on. Raises BadInput naming the one that is not set."""
        found = {
            name: variable(f"previews.secret_variables.{name}", value) for name, value in self.secret_variables.items()
        }
        remember_secrets(found.values())
        return found
