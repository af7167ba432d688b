"""The evidence about one candidate: visitors' and the pipeline's own probes' kept apart, and one ruling on both.

Probes are not visitors: ten good answers a second to ourselves must not outweigh the people who get errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

from infra.environment import Canary
from infra.errors import BadInput
from tasks.analysis import Analysis, Batch, Policy, Verdict
from tasks.analysis.verdict import Outcome

By = Literal["visitors", "probes"]
SOURCES: tuple[By, By] = ("visitors", "probes")
# Two analyses may each be wrong: this part of alpha and of beta goes to the probes, the rest to the visitors.
PROBES_SHARE = 0.1
# Visitors' e-value against the candidate from which on no probe speaks for it. (They fail it at 1 / alpha and more.)
LEANING = 3.0


@dataclass(frozen=True)
class Ruling:
    """What the evidence says now, by whose evidence, and the sentence for people."""

    outcome: Outcome
    by: By
    sentence: str


def policy_of(canary: Canary) -> Policy:
    """The environment's limits as the analysis wants them."""
    return Policy(
        alpha=canary.alpha,
        beta=canary.beta,
        error_rate=canary.error_rate_limit,
        slow_rate=canary.slow_rate_limit,
        acceptable_rate=canary.acceptable_rate,
        margin=canary.odds_ratio_margin,
        minimum_requests=canary.step_minimum_requests,
        failed_health_checks=canary.failed_health_checks,
    )


class Case:
    """Two analyses over the same ramp. The bounds of the policy hold for both together."""

    def __init__(self, policy: Policy) -> None:
        self.visitors = Analysis(_part(policy, 1.0 - PROBES_SHARE))
        self.probes = Analysis(_part(policy, PROBES_SHARE))

    def begin_step(self) -> None:
        """A new weight: a pass needs fresh requests."""
        self.visitors.begin_step()
        self.probes.begin_step()

    def see(self, batch: Batch) -> None:
        """What visitors were answered."""
        self.visitors.add(batch)

    def probe(self, batch: Batch) -> None:
        """What probes were answered."""
        self.probes.add(batch)

    def health(self, is_healthy: bool) -> None:
        """One health check of the candidate."""
        self.visitors.health(is_healthy)

    def ruling(self, *, is_quiet: bool) -> Ruling:
        """Either may fail it. Visitors pass it, or, while they are too few to say, the probes do."""
        visitors, probes = self.visitors.verdict, self.probes.verdict
        if visitors.outcome == "fail":
            return Ruling("fail", "visitors", visitors.reason)
        if probes.outcome == "fail":
            return Ruling("fail", "probes", f"{probes.reason}, asked by the pipeline itself")
        if visitors.outcome == "pass":
            return Ruling("pass", "visitors", visitors.reason)
        if is_quiet and probes.outcome == "pass" and leaning(visitors) < LEANING:
            return Ruling("pass", "probes", f"{probes.reason}, asked by the pipeline itself: {_few(visitors)}")
        return Ruling("inconclusive", "visitors", _undecided(visitors, probes, is_quiet))

    def e_values(self) -> dict[str, float]:
        """By `visitors.failures.worse` and so on."""
        return {name: e_value for name, e_value, _ in self._evidence()}

    def needed(self) -> dict[str, float]:
        """What each e-value must reach to decide, by the same names."""
        return {name: needed for name, _, needed in self._evidence()}

    def to_json(self) -> str:
        """Everything needed to go on in the next step."""
        return json.dumps({"visitors": self.visitors.to_json(), "probes": self.probes.to_json()})

    @classmethod
    def from_json(cls, text: str) -> Case:
        """What `to_json` wrote. Raises BadInput for anything else."""
        try:
            table = json.loads(text)
            visitors, probes = str(table["visitors"]), str(table["probes"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput("evidence", f"cannot be read: {error!r}", "start the ramp afresh") from error
        case = cls(Policy())
        case.visitors, case.probes = Analysis.from_json(visitors), Analysis.from_json(probes)
        return case

    def _evidence(self) -> list[tuple[str, float, float]]:
        found = {"visitors": self.visitors.verdict, "probes": self.probes.verdict}
        return [
            (f"{source}.{metric.metric}.{one.question}", one.e_value, one.needed)
            for source, verdict in found.items()
            for metric in verdict.metrics
            for one in metric.evidence
        ]


def leaning(verdict: Verdict) -> float:
    """The strongest e-value against the candidate, whether it decides or not."""
    against = ("worse", "over_limit")
    return max(one.e_value for metric in verdict.metrics for one in metric.evidence if one.question in against)


def requests_to_go(verdict: Verdict) -> int:
    """How many more candidate requests a pass needs, as far as one can tell; 0 when one cannot."""
    return max((metric.requests_to_go or 0 for metric in verdict.metrics), default=0)


def _part(policy: Policy, share: float) -> Policy:
    return replace(policy, alpha=policy.alpha * share, beta=policy.beta * share)


def _few(visitors: Verdict) -> str:
    return f"{visitors.metrics[0].canary_requests} visitors' requests are too few to say"


def _undecided(visitors: Verdict, probes: Verdict, is_quiet: bool) -> str:
    if not is_quiet:
        return visitors.reason
    if probes.outcome != "pass":
        return f"{_few(visitors)}; probes: {probes.reason}"
    if leaning(visitors) >= LEANING:
        return f"probes are good, but visitors are not: {visitors.reason}"
    return visitors.reason
