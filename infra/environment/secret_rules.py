"""How old a secret may become."""

from __future__ import annotations

from pydantic import Field

from infra.config import Part


class SecretRules(Part):
    """One that was written longer ago is a finding of the nightly look."""

    max_age_days: float = Field(90, gt=0)
