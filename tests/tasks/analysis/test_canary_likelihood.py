"""The formulas against sums over every possible case, which share no code with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial

import pytest

from tasks.analysis.absolute import BELOW, OVER, Acceptable, OverLimit
from tasks.analysis.boosting import log_boost
from tasks.analysis.comparison import NotWorse, Worse
from tasks.analysis.likelihood import Table, log_likelihood, probabilities

RATIOS = (0.1, 0.5, 1.0, 2.0, 6.0, 60.0)


def splits(canary: int, live: int, bad: int) -> list[int]:
    """How many of the bad requests the canary got, over every set of bad requests there can be."""
    return [sum(request < canary for request in chosen) for chosen in itertools.combinations(range(canary + live), bad)]


def tables(canary: int, live: int, bad: int) -> list[Table]:
    return [Table(canary, j, live, bad - j) for j in sorted(set(splits(canary, live, bad)))]


@pytest.mark.parametrize("odds_ratio", RATIOS)
@pytest.mark.parametrize(("canary", "live"), [(1, 1), (1, 9), (4, 4), (5, 8), (7, 2)])
def test_the_likelihood_is_that_of_counting_every_set_of_bad_requests(
    canary: int, live: int, odds_ratio: float
) -> None:
    for bad in range(1, canary + live):
        weights = [odds_ratio**j for j in splits(canary, live, bad)]
        for table in tables(canary, live, bad):
            here = sum(w for w, j in zip(weights, splits(canary, live, bad), strict=True) if j == table.canary_bad)
            expected = here / sum(weights)
            assert math.exp(log_likelihood(table, odds_ratio)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("odds_ratio", RATIOS)
def test_probabilities_of_big_tables_add_up_to_one(odds_ratio: float) -> None:
    for canary, live, bad in [(200, 1800, 20), (500, 500, 900), (3, 10**6, 10**5)]:
        most, least = min(canary, bad), max(0, bad - live)
        total = math.fsum(
            math.exp(log_likelihood(Table(canary, j, live, bad - j), odds_ratio)) for j in range(least, most + 1)
        )
        assert total == pytest.approx(1.0, abs=1e-8)


def test_probabilities_under_equality_are_hypergeometric() -> None:
    for j, chance in probabilities(Table(10, 0, 90, 4)):
        assert chance == pytest.approx(math.comb(10, j) * math.comb(90, 4 - j) / math.comb(100, 4))


@pytest.mark.parametrize(("canary", "live", "bad"), [(1, 9, 1), (5, 45, 4), (20, 30, 25), (3, 3, 3)])
@pytest.mark.parametrize("truth", [0.2, 0.7, 1.0])
def test_plain_wealth_does_not_gain_on_average_while_the_candidate_is_no_worse(
    canary: int, live: int, bad: int, truth: float
) -> None:
    mean = 0.0
    for table in tables_of(canary, live, bad):
        worse = Worse(0.01)
        worse.add(table)
        mean += math.exp(log_likelihood(table, truth) + worse.bets.log_value - worse.log_boosted)
    assert mean == pytest.approx(1.0) if truth == 1.0 else mean < 1.0


@pytest.mark.parametrize("truth", [2.0, 3.0, 50.0])
def test_no_bet_gains_on_average_while_the_candidate_is_worse_by_the_margin(truth: float) -> None:
    mean = 0.0
    for table in tables_of(8, 40, 6):
        not_worse = NotWorse(2.0)
        not_worse.add(table)
        mean += math.exp(log_likelihood(table, truth) + not_worse.log_value)
    assert mean <= 1.0 + 1e-9


@pytest.mark.parametrize("wealth", [-3.0, 0.0, 3.0, 4.5])
def test_capped_wealth_never_gains_on_average_even_when_boosted(wealth: float) -> None:
    """What decides is the wealth capped at the threshold: its mean must not exceed the wealth before."""
    threshold, boosts = -math.log(0.01), set()
    for canary, live, bad in [(5, 45, 3), (5, 45, 5), (20, 180, 6)]:
        for truth in (0.3, 1.0):
            mean = 0.0
            for table in tables_of(canary, live, bad):
                worse = Worse(0.01)
                worse.bets.logs = [wealth] * len(worse.bets.logs)
                worse.add(table)
                boosts.add(round(worse.log_boosted, 6))
                mean += math.exp(log_likelihood(table, truth) + min(worse.bets.log_value, threshold))
            assert mean <= math.exp(wealth) * (1.0 + 1e-9)
    assert max(boosts) > 0.0


def test_the_boost_uses_up_exactly_what_capping_left() -> None:
    outcomes, wealth = [(0, 0.9), (1, 0.09), (2, 0.01)], {0: 0.5, 1: 3.0, 2: 28.0}
    boost = math.exp(log_boost(outcomes, lambda j: math.log(wealth[j]), 0.0, math.log(10.0)))
    assert boost > 1.0
    assert sum(chance * min(boost * wealth[j], 10.0) for j, chance in outcomes) == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05])
def test_no_bet_against_the_limit_gains_on_average_below_it(rate: float) -> None:
    def wealth_after(bad: int, limit: float) -> float:
        over = OverLimit()
        over.add(3, bad, limit)
        return over.log_value

    for limit in (0.05, 0.3):
        assert _mean_after_three(partial(wealth_after, limit=limit), rate) <= 1.0 + 1e-12


@pytest.mark.parametrize("rate", [0.02, 0.05, 1.0])
def test_no_bet_on_acceptable_gains_on_average_above_it(rate: float) -> None:
    def wealth_after(bad: int) -> float:
        acceptable = Acceptable(0.02)
        acceptable.add(3, bad)
        return acceptable.log_value

    assert _mean_after_three(wealth_after, rate) <= 1.0 + 1e-12


def test_every_bet_starts_with_a_share_and_shares_add_up_to_one() -> None:
    for bets in (OVER, BELOW):
        assert sum(bets.values()) == pytest.approx(1.0)
    assert all(part <= 1.0 for part in OVER)
    assert all(part < 1.0 for part in BELOW)


def _mean_after_three(wealth_after: Callable[[int], float], rate: float) -> float:
    """Mean wealth over the number of bad ones among three requests."""
    return sum(
        math.comb(3, bad) * rate**bad * (1.0 - rate) ** (3 - bad) * math.exp(wealth_after(bad)) for bad in range(4)
    )


def tables_of(canary: int, live: int, bad: int) -> list[Table]:
    return [Table(canary, j, live, bad - j) for j in range(max(0, bad - live), min(canary, bad) + 1)]
