"""The analysis of `tasks.analysis` for many ramps at once, in numpy. A test holds the two to the same numbers.

Shapes: B bets, N ramps ("columns"), J possible splits of a stratum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.analysis import Policy
from tasks.analysis.absolute import BELOW, OVER
from tasks.analysis.bursts import SHARE
from tasks.analysis.comparison import NOT_WORSE, WORSE
from tasks.analysis.metric import HALF_LIFE_SECONDS
from tasks.analysis.policy import LIMIT_SHARE

Reals = NDArray[np.float64]
Wholes = NDArray[np.int64]
# Takes in strata: which ramps, their bad canary requests, the possible splits and the chance of each.
Question = Callable[[NDArray[np.intp], Wholes, Wholes, Reals], None]

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


def _weights(bets: dict[float, float]) -> Reals:
    return np.asarray(np.log(list(bets.values()))[:, None])


def log_mean(log_weights: Reals, logs: Reals) -> Reals:
    """Log of the weighted mean over bets: (B, 1), (B, N) -> (N,)."""
    terms = log_weights + logs
    top = terms.max(axis=0)
    return np.asarray(top + np.log(np.exp(terms - top).sum(axis=0)))


class Ours:
    """One metric of N ramps under one policy. `failed` is which of them are to be aborted: (N,)."""

    def __init__(self, policy: Policy, metric: str, ramps: int) -> None:
        level = policy.alpha * policy.share(metric)
        self.policy, self.limit = policy, policy.limit(metric)
        self.worse_threshold = -np.log(level * (1.0 - LIMIT_SHARE))
        self.limit_threshold = -np.log(level * LIMIT_SHARE)
        self.pass_threshold = -np.log(policy.beta / 2.0)
        self.worse, self.not_worse, self.over_wins = (np.zeros((len(bets), ramps)) for bets in (WORSE, NOT_WORSE, OVER))
        # Bad and good requests, and the good ones of batches in which the limit could be broken.
        self.bad, self.good, self.over_good = (np.zeros(ramps, dtype=np.int64) for _ in range(3))
        self.boosted, self.age = np.zeros(ramps), np.zeros(ramps)
        self.recent = np.zeros((2, ramps))
        # Of a stratum: canary, its bad ones, live, its bad ones, and of the canary's bad ones those that count.
        self.pending = np.zeros((5, ramps), dtype=np.int64)
        # Of a stretch that bursts are looked for in: canary requests, and bad ones that count.
        self.stretch = np.zeros((2, ramps), dtype=np.int64)
        self.clock = 0.0
        self.failed = np.zeros(ramps, dtype=bool)

    def keep(self, ramps: NDArray[np.bool_]) -> None:
        """Forget the other ramps: they are decided."""
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(self, name, value[..., ramps])

    def add(self, batch: Counts, seconds: float) -> None:
        """Take in one batch of this length for every ramp."""
        counted = self._counted(batch, seconds)
        self._add_absolute(batch, counted, seconds)
        served = batch.canary + batch.live
        self.age += np.where((self.age > 0) | (served > 0), seconds, 0.0)
        self.pending += np.stack([batch.canary, batch.canary_bad, batch.live, batch.live_bad, counted])
        fewest = np.minimum(self.pending[0], self.pending[2])
        full = (fewest >= self.policy.stratum_requests) | (self.age >= self.policy.stratum_seconds)
        at = np.flatnonzero(full)
        if self.policy.burst_seconds:
            self._compare(at, 4, (self._add_worse,))
            self._compare(at, 1, (self._add_not_worse,))
        else:
            self._compare(at, 1, (self._add_worse, self._add_not_worse))
        self.pending[:, full] = 0
        self.age[full] = 0.0

    def _counted(self, batch: Counts, seconds: float) -> Wholes:
        """Bad canary requests that count against it: all, or what is left of the stretch's room."""
        length, start = self.policy.burst_seconds, self.clock
        self.clock += seconds
        if not length:
            return batch.canary_bad
        if start // length != (start - seconds) // length:
            self.stretch[:] = 0
        self.stretch[0] += batch.canary
        room = np.maximum(1, (SHARE * self.stretch[0]).astype(np.int64)) - self.stretch[1]
        counted = np.minimum(batch.canary_bad, np.maximum(room, 0))
        self.stretch[1] += counted
        return np.asarray(counted)

    def _add_absolute(self, batch: Counts, counted: Wholes, seconds: float) -> None:
        good = batch.canary - batch.canary_bad
        self.bad += batch.canary_bad
        self.good += good
        self.recent *= 0.5 ** (seconds / HALF_LIFE_SECONDS)
        self.recent += np.stack([batch.live, batch.live_bad])
        now = batch.live_bad / np.maximum(batch.live, 1)
        limit = np.maximum(self.limit, np.maximum(now, self.recent[1] / np.maximum(self.recent[0], 1e-300)))
        self.over_good += np.where(limit < 1.0, batch.canary - counted, 0)
        hit = np.flatnonzero((limit < 1.0) & (counted > 0))
        above = np.array(list(OVER))[:, None]
        self.over_wins[:, hit] += counted[hit] * np.log1p((1.0 / limit[hit] - 1.0) * above)
        # Only a bad request can lift the evidence over the threshold.
        self.failed[hit] |= self.log_over(hit) >= self.limit_threshold

    def _compare(self, full: NDArray[np.intp], row: int, questions: tuple[Question, ...]) -> None:
        """Ask these questions of the strata in `full`; `row` of what is pending has the canary's bad requests."""
        canary, _, live, live_bad, _ = self.pending[:, full]
        canary_bad = self.pending[row, full]
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
        for question in questions:
            question(full, canary_bad, splits, chances)

    def _add_worse(self, full: NDArray[np.intp], canary_bad: Wholes, splits: Wholes, chances: Reals) -> None:
        slopes = np.log(list(WORSE))[:, None]
        weights = _weights(WORSE)
        costs = np.stack([np.log((chances * ratio**splits).sum(axis=0)) for ratio in map(float, WORSE)])
        before = log_mean(weights, self.worse[:, full])
        starts = self.worse[:, full] - costs
        wealth = np.stack([log_mean(weights, starts + split * slopes) for split in splits])
        is_capped = bool(self.policy.burst_seconds)
        boost = np.zeros(len(full)) if is_capped else _log_boost(chances, wealth, before, self.worse_threshold)
        self.worse[:, full] = starts + canary_bad * slopes + boost
        self.boosted[full] += boost
        boosted = log_mean(weights, self.worse[:, full])
        self.failed[full] |= np.maximum(boosted, boosted - self.boosted[full]) >= self.worse_threshold

    def _add_not_worse(self, full: NDArray[np.intp], canary_bad: Wholes, splits: Wholes, chances: Reals) -> None:
        margin = self.policy.margin
        base = np.log((chances * margin**splits).sum(axis=0))
        costs = [np.log((chances * ratio**splits).sum(axis=0)) - base for ratio in map(float, NOT_WORSE)]
        self.not_worse[:, full] += canary_bad * np.log(np.array(list(NOT_WORSE)) / margin)[:, None] - costs

    def log_over(self, ramps: NDArray[np.intp] | slice = slice(None)) -> Reals:
        """Log e-value of "over the limit", of these ramps or of all."""
        losses = _log([1.0 - part for part in OVER])
        return log_mean(_weights(OVER), self.over_wins[:, ramps] + self.over_good[ramps] * losses)

    def log_acceptable(self) -> Reals:
        """Log e-value of "below the acceptable rate": (N,)."""
        rate = self.policy.acceptable_rate or 0.0
        kept = np.log([[(1.0 - rate * part) / (1.0 - rate)] for part in BELOW])
        return log_mean(_weights(BELOW), self.bad * _log(list(BELOW)) + self.good * kept)

    def passed(self) -> NDArray[np.bool_]:
        """Which ramps may be promoted now, the minimum sample aside: (N,)."""
        compared = log_mean(_weights(NOT_WORSE), self.not_worse)
        return np.asarray(np.maximum(compared, self.log_acceptable()) >= self.pass_threshold)


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
