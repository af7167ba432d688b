"""All evidence about one metric. Its size does not depend on how long the ramp takes."""

from __future__ import annotations

import math

from tasks.analysis.absolute import Acceptable, OverLimit
from tasks.analysis.bursts import Bursts
from tasks.analysis.comparison import NotWorse, Worse
from tasks.analysis.counts import Batch, Counts
from tasks.analysis.likelihood import Table
from tasks.analysis.outlook import per_request_so_far, requests_to_go
from tasks.analysis.policy import LIMIT_SHARE, Policy
from tasks.analysis.verdict import Evidence, MetricVerdict, evidence

# How fast live's present rate forgets, in seconds.
HALF_LIFE_SECONDS = 60.0


class Metric:
    """Counts, odds ratio and the four e-processes of one metric."""

    def __init__(self, policy: Policy, name: str) -> None:
        self.policy, self.name = policy, name
        self.level = policy.alpha * policy.share(name)
        self.worse = Worse(self.level * (1.0 - LIMIT_SHARE), is_boosted=not policy.burst_seconds)
        self.bursts = Bursts(policy.burst_seconds)
        # Bad candidate requests of the stratum that count against it.
        self.counted = 0
        self.over_limit = OverLimit()
        self.not_worse = NotWorse(policy.margin)
        self.acceptable = Acceptable(policy.acceptable_rate) if policy.acceptable_rate else None
        self.canary = self.live = (0, 0)
        self.recent = (0.0, 0.0)
        self.odds = (0.0, 0.0)

    def add_batch(self, batch: Batch) -> None:
        """The questions about the candidate alone: answered by every batch at once."""
        canary, live = self._pair(batch.canary), self._pair(batch.live)
        self.canary = (self.canary[0] + canary[0], self.canary[1] + canary[1])
        self.live = (self.live[0] + live[0], self.live[1] + live[1])
        kept = 0.5 ** (batch.seconds / HALF_LIFE_SECONDS)
        self.recent = (self.recent[0] * kept + live[0], self.recent[1] * kept + live[1])
        counted = self.bursts.counted(batch.start, *canary)
        self.counted += counted
        self.over_limit.add(canary[0], counted, self._limit_now(live))
        if self.acceptable:
            self.acceptable.add(*canary)

    def _limit_now(self, live: tuple[int, int]) -> float:
        """The limit, or what live itself shows now if that is more: an incident of both is not the candidate's.

        Live's counts say nothing about which canary requests of the same batch fail, so this keeps the bound.
        """
        rates = [bad / requests for requests, bad in (live, self.recent) if requests > 0]
        return max(self.policy.limit(self.name), *rates) if rates else self.policy.limit(self.name)

    def add_stratum(self, canary: Counts, live: Counts) -> None:
        """The questions that compare both slots."""
        table = Table(canary.requests, canary.bad(self.name), live.requests, live.bad(self.name))
        self.worse.add(Table(canary.requests, self.counted, live.requests, live.bad(self.name)))
        self.counted = 0
        self.not_worse.add(table)
        if table.is_informative:
            total = table.canary + table.live
            up = table.canary_bad * (table.live - table.live_bad) / total
            down = table.live_bad * (table.canary - table.canary_bad) / total
            self.odds = (self.odds[0] + up, self.odds[1] + down)

    def _pair(self, counts: Counts) -> tuple[int, int]:
        return counts.requests, counts.bad(self.name)

    def verdict(self, beta: float) -> MetricVerdict:
        """What is known now; `beta` is the level at which a pass is good enough."""
        up, down = self.odds
        return MetricVerdict(
            self.name,
            *self.canary,
            *self.live,
            odds_ratio=up / down if down > 0.0 else None,
            evidence=tuple(self._evidence(beta)),
            requests_to_go=self._to_go(beta),
        )

    def _evidence(self, beta: float) -> list[Evidence]:
        each = self._pass_level(beta)
        found = [
            evidence("worse", self.worse.log_value, self.level * (1.0 - LIMIT_SHARE)),
            evidence("over_limit", self.over_limit.log_value, self.level * LIMIT_SHARE),
            evidence("not_worse", self.not_worse.log_value, each),
        ]
        if self.acceptable:
            found.append(evidence("acceptable", self.acceptable.log_value, each))
        return found

    def _pass_level(self, beta: float) -> float:
        """With two ways to pass, each gets half of beta."""
        return beta / 2.0 if self.acceptable else beta

    def _to_go(self, beta: float) -> int | None:
        goal = -math.log(self._pass_level(beta))
        ways = [requests_to_go(self.not_worse.bets, per_request_so_far(self.not_worse.bets, self.canary[0]), goal)]
        if self.acceptable:
            ways.append(requests_to_go(self.acceptable.bets, self.acceptable.growth_at(*self.canary), goal))
        return min((way for way in ways if way is not None), default=None)
