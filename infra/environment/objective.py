"""What is promised to visitors, for the error budget."""

from __future__ import annotations

from pydantic import Field

from infra.config import Part


class Objective(Part):
    """`availability` is the share of requests that get an answer below 500, over the last `days`."""

    availability: float = Field(0.999, gt=0, lt=1)
    days: int = Field(30, ge=1, le=90)
