"""Visitors and probes are two witnesses: neither dilutes the other, and the sentence says who spoke."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from infra.environment import Canary
from infra.errors import BadInput
from tasks.analysis import Batch, Counts
from tasks.case import LEANING, Case, leaning, policy_of

POLICY = policy_of(Canary(step_minimum_requests=20))


def feed(case: Case, seconds: int, visitors: tuple[Counts, Counts], probes: tuple[Counts, Counts]) -> None:
    """The same counts in every second; each pair is candidate, live."""
    for second in range(seconds):
        case.see(Batch(second, 1, *visitors))
        case.probe(Batch(second, 1, *probes))


NOBODY = Counts(0, 0)


def test_ten_good_probes_a_look_do_not_save_a_candidate_that_fails_its_visitors() -> None:
    case = Case(POLICY)
    feed(case, 8, (Counts(1, 1), Counts(19, 0)), (Counts(10, 0), Counts(10, 0)))
    ruling = case.ruling(is_quiet=True)
    assert (ruling.outcome, ruling.by) == ("fail", "visitors")
    assert ruling.sentence.startswith("3 of 3 requests failed against 0 of 57 on live")


def test_equal_probes_beside_an_unequal_split_do_not_look_like_a_difference() -> None:
    """Visitors fail 10 % on both, probes never: added up, 1 : 1 probes would hide it on the small slot only."""
    case, lots = Case(replace(POLICY, error_rate=0.5, slow_rate=0.5)), random.Random(1)
    for second in range(60):
        failed = [sum(lots.random() < 0.1 for _ in range(n)) for n in (5, 95)]
        case.see(Batch(second, 1, Counts(5, failed[0]), Counts(95, failed[1])))
        case.probe(Batch(second, 1, Counts(10, 0), Counts(10, 0)))
    ratio = case.visitors.verdict.metric("failures").odds_ratio
    assert ratio is not None
    assert 0.6 < ratio < 1.6
    assert case.ruling(is_quiet=False).outcome != "fail"


def test_probes_pass_only_while_visitors_are_few() -> None:
    case = Case(POLICY)
    feed(case, 60, (NOBODY, NOBODY), (Counts(10, 0), Counts(10, 0)))
    assert case.ruling(is_quiet=False).outcome == "inconclusive"
    quiet = case.ruling(is_quiet=True)
    assert (quiet.outcome, quiet.by) == ("pass", "probes")
    assert quiet.sentence.endswith("asked by the pipeline itself: 0 visitors' requests are too few to say")


def test_probes_do_not_speak_for_a_candidate_that_the_few_visitors_suffer_from() -> None:
    case = Case(POLICY)
    feed(case, 60, (NOBODY, NOBODY), (Counts(10, 0), Counts(10, 0)))
    case.see(Batch(60, 1, Counts(1, 1), Counts(3, 0)))
    assert leaning(case.visitors.verdict) >= LEANING
    ruling = case.ruling(is_quiet=True)
    assert ruling.outcome == "inconclusive"
    assert "probes are good, but visitors are not: 1 of 1 requests failed" in ruling.sentence


def test_probes_alone_fail_a_candidate() -> None:
    case = Case(POLICY)
    feed(case, 3, (NOBODY, NOBODY), (Counts(10, 10), Counts(10, 0)))
    ruling = case.ruling(is_quiet=True)
    assert (ruling.outcome, ruling.by) == ("fail", "probes")
    assert ruling.sentence.endswith("asked by the pipeline itself")


def test_more_than_three_failed_health_checks_in_a_row_fail_it_whatever_the_counts_say() -> None:
    case = Case(POLICY)
    feed(case, 60, (Counts(20, 0), Counts(20, 0)), (NOBODY, NOBODY))
    for healthy in (False, False, False, True, False, False, False):
        case.health(healthy)
    assert case.ruling(is_quiet=False).outcome == "pass"
    case.health(False)
    assert case.ruling(is_quiet=False).sentence == "4 health checks in a row failed, 3 are allowed"


def test_both_analyses_together_keep_the_bounds() -> None:
    case = Case(POLICY)
    assert case.visitors.policy.alpha + case.probes.policy.alpha == pytest.approx(POLICY.alpha)
    assert case.visitors.policy.beta + case.probes.policy.beta == pytest.approx(POLICY.beta)


def test_evidence_is_handed_on_whole() -> None:
    case = Case(POLICY)
    feed(case, 7, (Counts(5, 1), Counts(95, 2)), (Counts(10, 1), Counts(10, 0)))
    again = Case.from_json(case.to_json())
    assert again.e_values() == case.e_values()
    assert again.needed() == case.needed()
    assert again.ruling(is_quiet=True) == case.ruling(is_quiet=True)
    assert again.to_json() == case.to_json()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"visitors": "x", "probes": "x"}'])
def test_damaged_evidence_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        Case.from_json(text)


def test_a_step_wants_fresh_requests_of_whoever_passes_it() -> None:
    case = Case(POLICY)
    feed(case, 60, (Counts(20, 0), Counts(20, 0)), (Counts(10, 0), Counts(10, 0)))
    assert case.ruling(is_quiet=True).outcome == "pass"
    case.begin_step()
    assert case.ruling(is_quiet=True).outcome == "inconclusive"
