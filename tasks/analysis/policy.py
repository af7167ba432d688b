"""What the operator asks of a candidate, and how often the answer may be wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from infra.errors import BadInput
from tasks.analysis.counts import METRICS, check_metric

# An error hurts more than a slow answer, so errors get most of alpha when both are watched.
SHARES = {"failures": 0.9, "slow": 0.1}
# Of that, for the absolute limit; the rest is for the comparison, which needs most of it to be fast. Far below
# the limit this part is not used up, so the errors that happen stay clear of alpha.
LIMIT_SHARE = 0.25


@dataclass(frozen=True)
class Policy:
    """Limits and error bounds of one ramp. Rates are fractions of requests.

    alpha: most often a candidate no worse than live, and within the limits, is failed (whole ramp).
    beta: most often a candidate that is worse by `margin` and above `acceptable_rate` is passed.
    error_rate, slow_rate: absolute limits; `p95 > limit ms` is `slow_rate` 0.05 of slower requests.
    margin: odds ratio to live that must be ruled out before a pass.
    acceptable_rate: a candidate shown to be below it passes without comparison; None turns this off.
    minimum_requests: candidate requests needed in every step before a pass.
    failed_health_checks: how many in a row are forgiven.
    burst_seconds: bad candidate requests of one stretch of so many seconds count as one, or as a tenth of its requests
        if that is more, in what fails it; 0 counts each. See `bursts`.
    stratum_requests, stratum_seconds: batches are compared together until both slots served this many
        requests, or this time is over. The base rate should hardly move within it.
    """

    alpha: float = 0.01
    beta: float = 0.05
    metrics: tuple[str, ...] = METRICS
    error_rate: float = 0.05
    slow_rate: float = 0.05
    margin: float = 2.0
    acceptable_rate: float | None = 0.02
    minimum_requests: int = 50
    failed_health_checks: int = 3
    stratum_seconds: float = 60.0
    stratum_requests: int = 5
    burst_seconds: float = 0.0

    def __post_init__(self) -> None:
        for name in ("alpha", "beta", "error_rate", "slow_rate"):
            _check_between(name, getattr(self, name), 0.0, 1.0)
        _check_between("margin", self.margin, 1.0, 100.0)
        _check_between("stratum_seconds", self.stratum_seconds, 0.0, 3600.0)
        _check_between("burst_seconds", self.burst_seconds, -1e-9, 3600.0)
        for name in ("minimum_requests", "stratum_requests"):
            _check_at_least(name, getattr(self, name), 1)
        _check_at_least("failed_health_checks", self.failed_health_checks, 0)
        self._check_metrics()
        if self.acceptable_rate is not None:
            # Acceptable beyond a limit would pass what the limit fails.
            lowest = min(self.limit(name) for name in self.metrics)
            _check_between("acceptable_rate", self.acceptable_rate, 0.0, lowest)

    def _check_metrics(self) -> None:
        if not self.metrics or len(set(self.metrics)) != len(self.metrics):
            raise BadInput("metrics", f"{self.metrics!r} is empty or repeats one", "name each metric once")
        for name in self.metrics:
            check_metric("metrics", name)

    def for_step(self, minimum_requests: int | None, beta: float | None) -> Policy:
        """This policy with the sample and the risk of one canary step; None keeps the policy's own."""
        return replace(
            self,
            minimum_requests=self.minimum_requests if minimum_requests is None else minimum_requests,
            beta=self.beta if beta is None else beta,
        )

    def limit(self, metric: str) -> float:
        """The absolute limit of this metric, as a rate. Raises BadInput for an unknown metric."""
        return self.slow_rate if check_metric("metric", metric) == "slow" else self.error_rate

    def share(self, metric: str) -> float:
        """The part of alpha spent on this metric; the parts of all watched metrics add up to 1."""
        return SHARES[check_metric("metric", metric)] / sum(SHARES[name] for name in self.metrics)


def _check_between(field: str, value: object, low: float, high: float) -> None:
    # `not (a < b < c)` also refuses NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not (low < value < high):
        raise BadInput(field, f"{value!r} is out of range", f"give a number above {low:g} and below {high:g}")
    if not math.isfinite(value):
        raise BadInput(field, f"{value!r} is not a number", "give a finite number")


def _check_at_least(field: str, value: object, low: int) -> None:
    if type(value) is not int or value < low:
        raise BadInput(field, f"{value!r} is not a whole number of {low} or more", f"give {low} or more")
