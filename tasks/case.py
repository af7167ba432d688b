"""The evidence about one candidate: visitors of both arms, a second witness kept apart, and one ruling on both.

The second is the pipeline's own probes, which must not outweigh the people who get errors, or, where a flag is turned
up, every answer of the version, which are held against the limits only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

from infra.environment import Canary
from infra.errors import BadInput
from tasks.analysis import Analysis, Batch, Policy, Verdict
from tasks.analysis.verdict import Outcome
from tasks.dial import Second

By = Literal["visitors", "probes", "everyone"]
# Two analyses may each be wrong: this part of alpha and of beta goes to the second, the rest to the visitors.
SECOND_SHARE = 0.1
SAID = {"probes": "asked by the pipeline itself", "everyone": "among all answers of the version"}
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
        burst_seconds=canary.burst_seconds,
    )


class Case:
    """Two analyses over the same ramp. The bounds of the policy hold for both together."""

    def __init__(self, policy: Policy, second: Second = "probes") -> None:
        self.second = second
        self.visitors = Analysis(_part(policy, 1.0 - SECOND_SHARE))
        self.probes = Analysis(_part(policy, SECOND_SHARE))

    def begin_step(self) -> None:
        """A new weight: a pass needs fresh requests."""
        self.visitors.begin_step()
        self.probes.begin_step()

    def see(self, batch: Batch) -> None:
        """What visitors were answered."""
        self.visitors.add(batch)

    def probe(self, batch: Batch) -> None:
        """What the second witness saw: answers to probes, or all of the version's."""
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
            return Ruling("fail", self.second, f"{probes.reason}, {SAID[self.second]}")
        if visitors.outcome == "pass":
            return Ruling("pass", "visitors", visitors.reason)
        if is_quiet and probes.outcome == "pass" and leaning(visitors) < LEANING:
            return Ruling("pass", self.second, f"{probes.reason}, {SAID[self.second]}: {_few(visitors)}")
        return Ruling("inconclusive", "visitors", _undecided(visitors, probes, is_quiet))

    def e_values(self) -> dict[str, float]:
        """By `visitors.failures.worse` and so on."""
        return {name: e_value for name, e_value, _ in self._evidence()}

    def needed(self) -> dict[str, float]:
        """What each e-value must reach to decide, by the same names."""
        return {name: needed for name, _, needed in self._evidence()}

    def to_json(self) -> str:
        """Everything needed to go on in the next step."""
        return json.dumps({"visitors": self.visitors.to_json(), self.second: self.probes.to_json()})

    @classmethod
    def from_json(cls, text: str) -> Case:
        """What `to_json` wrote. Raises BadInput for anything else."""
        try:
            table = json.loads(text)
            second: Second = "everyone" if "everyone" in table else "probes"
            visitors, probes = str(table["visitors"]), str(table[second])
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput("evidence", f"cannot be read: {error!r}", "start the ramp afresh") from error
        case = cls(Policy(), second)
        case.visitors, case.probes = Analysis.from_json(visitors), Analysis.from_json(probes)
        return case

    def _evidence(self) -> list[tuple[str, float, float]]:
        found = {"visitors": self.visitors.verdict, self.second: self.probes.verdict}
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
