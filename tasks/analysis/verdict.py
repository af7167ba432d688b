"""What the analysis answers: a verdict, a sentence for a person, and the evidence it rests on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from infra.errors import BadInput
from tasks.analysis.counts import check_metric

Outcome = Literal["pass", "fail", "inconclusive"]
Question = Literal["worse", "over_limit", "not_worse", "acceptable"]


@dataclass(frozen=True)
class Evidence:
    """One question's e-value and the e-value at which it is answered with yes."""

    question: Question
    e_value: float
    needed: float

    @property
    def holds(self) -> bool:
        return self.e_value >= self.needed


def evidence(question: Question, log_value: float, level: float) -> Evidence:
    """Evidence with a finite e-value: beyond 1e299 the number says no more."""
    needed, e_value = 1.0 / level, math.exp(min(log_value, 690.0))
    # Decided in logs: exp(log(x)) may fall short of x by a rounding.
    return Evidence(question, max(e_value, needed) if log_value >= -math.log(level) else e_value, needed)


@dataclass(frozen=True)
class MetricVerdict:
    """One metric over the whole ramp. `odds_ratio` is Mantel-Haenszel's; None while live had nothing bad."""

    metric: str
    canary_requests: int
    canary_bad: int
    live_requests: int
    live_bad: int
    odds_ratio: float | None
    evidence: tuple[Evidence, ...]
    requests_to_go: int | None

    def held(self, *questions: Question) -> tuple[Evidence, ...]:
        """The evidence that holds for these questions, strongest first."""
        found = [each for each in self.evidence if each.question in questions and each.holds]
        return tuple(sorted(found, key=lambda each: each.needed / max(each.e_value, 1e-300)))


@dataclass(frozen=True)
class Verdict:
    """`fail` stands for the rest of the ramp; `pass` holds for the moment it was asked.

    `reason` is one sentence; `decided_by` names what decided, as `failures: worse`, and is empty if nothing did.
    """

    outcome: Outcome
    reason: str
    decided_by: tuple[str, ...]
    metrics: tuple[MetricVerdict, ...]

    def metric(self, name: str) -> MetricVerdict:
        """This metric's part. Raises BadInput for a metric that is unknown or not watched."""
        check_metric("metric", name)
        for each in self.metrics:
            if each.metric == name:
                return each
        raise BadInput("metric", f"{name!r} is not watched", "name it in the policy's metrics")

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)
