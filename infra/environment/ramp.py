"""How visitors come to a new version: traffic, the canary ramp, and the watch after it."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from infra.config import Part

Share = Annotated[float, Field(gt=0, lt=1)]


class Traffic(Part):
    """How visitors meet versions. Sticky visitors keep their slot while the weight grows.

    A candidate's visitors are lent to it: they go back to the live version when its release was silent so long.
    """

    sticky: bool = True
    lease_seconds: float = Field(15, ge=3, le=3600)
    drain_seconds: float = Field(5, ge=0, le=3600)


class Canary(Part):
    """The ramp: weights in percent, and the evidence that each step wants.

    The defaults are the triggers: over 5 % errors, a 95th percentile over 2000 ms (which is more than 5 % of the
    requests slower than that), more than 3 failed health checks in a row.
    """

    by: Literal["traffic", "flag"] = "traffic"
    weights: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (5, 25, 50, 100)
    alpha: float = Field(0.01, gt=0, lt=0.5)
    beta: float = Field(0.05, gt=0, lt=0.5)
    error_rate_limit: Share = 0.05
    slow_ms: float = Field(2000, gt=0)
    slow_rate_limit: Share = 0.05
    acceptable_rate: float = Field(0.02, gt=0, lt=1)
    odds_ratio_margin: float = Field(2.0, gt=1, lt=100)
    failed_health_checks: int = Field(3, ge=1)
    step_minimum_requests: int = Field(100, ge=1)
    step_timeout_seconds: float = Field(1800, gt=0)
    approval: Literal["none", "person"] = "none"
    undecided: Literal["hold", "abort"] = "abort"
    hold_timeout_seconds: float = Field(14_400, gt=0)
    batch_seconds: int = Field(1, ge=1, le=60)
    burst_seconds: float = Field(0, ge=0, le=3600)
    probe_below_requests_per_second: float = Field(1.0, ge=0)

    @field_validator("weights")
    @classmethod
    def _ascend_to_everyone(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or value[-1] != 100:
            raise ValueError("must end with 100: a release reaches everyone or goes back")
        if any(later <= earlier for earlier, later in itertools.pairwise(value)):
            raise ValueError(f"{list(value)} must ascend: each step reaches more people than the one before")
        return value

    @model_validator(mode="after")
    def _acceptable_is_within_the_limits(self) -> Canary:
        for limit in ("error_rate_limit", "slow_rate_limit"):
            if self.acceptable_rate >= getattr(self, limit):
                raise ValueError(
                    f"acceptable_rate {self.acceptable_rate:g} is not below {limit} {getattr(self, limit):g}, so what "
                    f"fails a candidate would also pass it; fix: lower acceptable_rate or raise {limit}"
                )
        return self


class Watch(Part):
    """How long the new version is looked after once it is promoted, and the share of the requests that the
    version before it keeps meanwhile, so that the two can still be compared."""

    seconds: float = Field(600, ge=0)
    previous_percent: int = Field(5, ge=0, le=50)
