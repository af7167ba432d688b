"""The analysis of `tasks.analysis` for many ramps at once, in numpy. A test holds the two to the same numbers.

Shapes: B bets, N ramps ("columns"), J possible splits of a stratum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.analysis import Policy
from tasks.analysis.absolute import BELOW, OVER
from tasks.analysis.comparison import NOT_WORSE, WORSE
from tasks.analysis.metric import HALF_LIFE_SECONDS
from tasks.analysis.policy import LIMIT_SHARE

Reals = NDArray[np.float64]
Wholes = NDArray[np.int64]

# Stands for a lost bet; minus infinity would turn 0 * log 0 into NaN.
LOST = -1e9
LOG_FACTORIALS = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, 1_000_000.0)))])


@dataclass(frozen=True)
class Counts:
    """One batch of all ramps: requests and bad requests of each slot, each of shape (N,)."""

    canary: Wholes
    canary_bad: Wholes
    live: Wholes
    live_bad: Wholes

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.canary + other.canary,
            self.canary_bad + other.canary_bad,
            self.live + other.live,
            self.live_bad + other.live_bad,
        )


def _log(values: list[float]) -> Reals:
    return np.array([np.log(value) if value > 0.0 else LOST for value in values])[:, None]


def log_choose(n: Wholes, k: Wholes) -> Reals:
    return np.asarray(LOG_FACTORIALS[n] - LOG_FACTORIALS[k] - LOG_FACTORIALS[n - k])


def log_mean(log_weights: Reals, logs: Reals) -> Reals:
    """Log of the weighted mean over bets: (B, 1), (B, N) -> (N,)."""
    terms = log_weights + logs
    top = terms.max(axis=0)
    return np.asarray(top + np.log(np.exp(terms - top).sum(axis=0)))


class Ours:
    """One metric of N ramps under one policy."""

    def __init__(self, policy: Policy, metric: str, ramps: int) -> None:
        level = policy.alpha * policy.share(metric)
        self.policy, self.limit = policy, policy.limit(metric)
        self.worse_threshold = -np.log(level * (1.0 - LIMIT_SHARE))
        self.limit_threshold = -np.log(level * LIMIT_SHARE)
        self.pass_threshold = -np.log(policy.beta / 2.0)
        self.worse, self.not_worse, self.over, self.below = (
            np.zeros((len(bets), ramps)) for bets in (WORSE, NOT_WORSE, OVER, BELOW)
        )
        self.boosted = np.zeros(ramps)
        self.recent = np.zeros((2, ramps))
        self.pending = np.zeros((4, ramps), dtype=np.int64)
        self.age = np.zeros(ramps)

    def keep(self, ramps: NDArray[np.bool_]) -> None:
        """Forget the other ramps: they are decided."""
        for name in ("worse", "not_worse", "over", "below", "boosted", "recent", "pending", "age"):
            setattr(self, name, getattr(self, name)[..., ramps])

    def add(self, batch: Counts, seconds: float) -> None:
        """Take in one batch of this length for every ramp."""
        self._add_absolute(batch, seconds)
        served = batch.canary + batch.live
        self.age += np.where((self.age > 0) | (served > 0), seconds, 0.0)
        self.pending += np.stack([batch.canary, batch.canary_bad, batch.live, batch.live_bad])
        fewest = np.minimum(self.pending[0], self.pending[2])
        full = (fewest >= self.policy.stratum_requests) | (self.age >= self.policy.stratum_seconds)
        self._compare(np.flatnonzero(full))
        self.pending[:, full] = 0
        self.age[full] = 0.0

    def _add_absolute(self, batch: Counts, seconds: float) -> None:
        good = batch.canary - batch.canary_bad
        self.recent *= 0.5 ** (seconds / HALF_LIFE_SECONDS)
        self.recent += np.stack([batch.live, batch.live_bad])
        now = batch.live_bad / np.maximum(batch.live, 1)
        limit = np.maximum(self.limit, np.maximum(now, self.recent[1] / np.maximum(self.recent[0], 1e-300)))
        possible = np.flatnonzero((limit < 1.0) & (batch.canary > 0))
        above = np.array(list(OVER))[:, None]
        wins = np.log1p((1.0 / limit[possible] - 1.0) * above)
        losses = _log([1.0 - part for part in OVER])
        self.over[:, possible] += batch.canary_bad[possible] * wins + good[possible] * losses
        rate = self.policy.acceptable_rate or 0.0
        kept = np.log([[(1.0 - rate * part) / (1.0 - rate)] for part in BELOW])
        self.below += batch.canary_bad * _log(list(BELOW)) + good * kept

    def _compare(self, full: NDArray[np.intp]) -> None:
        canary, canary_bad, live, live_bad = self.pending[:, full]
        bad = canary_bad + live_bad
        least, most = np.maximum(0, bad - live), np.minimum(canary, bad)
        use = least < most
        full, canary, canary_bad, live, bad = (each[use] for each in (full, canary, canary_bad, live, bad))
        if not len(full):
            return
        least, most = least[use], most[use]
        splits = least + np.arange(int((most - least).max()) + 1)[:, None]
        inside = splits <= most
        splits = np.where(inside, splits, least)
        logs = log_choose(canary, splits) + log_choose(live, bad - splits) - log_choose(canary + live, bad)
        chances = np.where(inside, np.exp(logs), 0.0)
        self._add_worse(full, canary_bad, splits, chances)
        self._add_not_worse(full, canary_bad, splits, chances)

    def _add_worse(self, full: NDArray[np.intp], canary_bad: Wholes, splits: Wholes, chances: Reals) -> None:
        slopes = np.log(list(WORSE))[:, None]
        weights = np.log(list(WORSE.values()))[:, None]
        costs = np.stack([np.log((chances * ratio**splits).sum(axis=0)) for ratio in map(float, WORSE)])
        before = log_mean(weights, self.worse[:, full])
        starts = self.worse[:, full] - costs
        wealth = np.stack([log_mean(weights, starts + split * slopes) for split in splits])
        boost = _log_boost(chances, wealth, before, self.worse_threshold)
        self.worse[:, full] = starts + canary_bad * slopes + boost
        self.boosted[full] += boost

    def _add_not_worse(self, full: NDArray[np.intp], canary_bad: Wholes, splits: Wholes, chances: Reals) -> None:
        margin = self.policy.margin
        base = np.log((chances * margin**splits).sum(axis=0))
        costs = [np.log((chances * ratio**splits).sum(axis=0)) - base for ratio in map(float, NOT_WORSE)]
        self.not_worse[:, full] += canary_bad * np.log(np.array(list(NOT_WORSE)) / margin)[:, None] - costs

    def failed(self) -> NDArray[np.bool_]:
        """Which ramps are to be aborted now: (N,)."""
        boosted = log_mean(np.log(list(WORSE.values()))[:, None], self.worse)
        worse = np.maximum(boosted, boosted - self.boosted) >= self.worse_threshold
        return np.asarray(worse | (self.log_over() >= self.limit_threshold))

    def passed(self) -> NDArray[np.bool_]:
        """Which ramps may be promoted now, the minimum sample aside: (N,)."""
        compared = log_mean(np.log(list(NOT_WORSE.values()))[:, None], self.not_worse)
        alone = log_mean(np.log(list(BELOW.values()))[:, None], self.below)
        return np.asarray(np.maximum(compared, alone) >= self.pass_threshold)

    def log_over(self) -> Reals:
        return log_mean(np.log(list(OVER.values()))[:, None], self.over)


def _log_boost(chances: Reals, log_wealth: Reals, log_now: Reals, log_threshold: float) -> Reals:
    wealth = np.exp(np.minimum(log_wealth - log_threshold, 1.0))
    now, factor = np.exp(np.minimum(log_now - log_threshold, 1.0)), np.ones(len(log_now))
    reach = np.flatnonzero((wealth.max(axis=0) > 1.0) & (now < 1.0))
    for column in reach:
        factor[column] = _factor(chances[:, column], wealth[:, column], float(now[column]))
    return np.log(factor)


def _factor(chances: Reals, wealth: Reals, now: float) -> float:
    factor, cut = 1.0, 0
    while True:
        over = factor * wealth >= 1.0
        rest = float((chances * wealth)[~over].sum())
        taken = int((over & (chances > 0.0)).sum())
        if taken == cut or rest <= 0.0:
            return factor
        cut = taken
        factor = max(factor, (now - float(chances[over].sum())) / rest)
