"""Verdicts, and the sentences people read: what the users of other tools complain about is a test here."""

from __future__ import annotations

import json

import pytest

from infra.errors import BadInput
from tasks.analysis import Analysis, Batch, Counts, Policy, Verdict

FAILURES = Policy(metrics=("failures",))


def feed(analysis: Analysis, canary: Counts, live: Counts, times: int = 1, seconds: float = 10.0) -> Verdict:
    """The same batch again and again, each after what was added before."""
    start = json.loads(analysis.to_json())["end"] or 0.0
    for number in range(times):
        verdict = analysis.add(Batch(start + number * seconds, seconds, canary, live))
        if verdict.outcome == "fail":
            break
    return analysis.verdict


def test_a_worse_candidate_fails_with_the_numbers_in_one_sentence() -> None:
    verdict = feed(Analysis(FAILURES), Counts(59, 4), Counts(1120, 1), times=2)
    assert verdict.outcome == "fail"
    assert verdict.decided_by == ("failures: worse",)
    assert verdict.reason.startswith("4 of 59 requests failed against 1 of 1120 on live (odds ratio 81.4, e-value ")


@pytest.mark.parametrize("seconds", [0.1, 10.0, 60.0])
def test_a_candidate_that_fails_everything_goes_within_five_requests(seconds: float) -> None:
    analysis, requests = Analysis(), 0
    while analysis.verdict.outcome != "fail":
        feed(analysis, Counts(1, 1), Counts(9, 0), seconds=seconds)
        requests += 1
        assert requests <= 5
    assert "failed against 0 of" in analysis.verdict.reason


def test_a_broken_candidate_fails_on_the_limit_even_without_live_traffic() -> None:
    verdict = feed(Analysis(), Counts(1, 1), Counts(0, 0), times=5)
    assert verdict.outcome == "fail"
    assert verdict.decided_by == ("failures: over_limit",)
    assert "3 of 3 requests failed against 0 of 0 on live, over the limit of 5 % (e-value " in verdict.reason


def test_slow_requests_are_judged_like_failures() -> None:
    verdict = feed(Analysis(), Counts(10, 0, 4), Counts(90, 0, 1), times=20)
    assert verdict.outcome == "fail"
    assert "requests were slow against" in verdict.reason
    assert verdict.decided_by[0].startswith("slow: ")


def test_one_error_at_low_traffic_is_no_verdict() -> None:
    verdict = feed(Analysis(), Counts(1, 1), Counts(9, 0))
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("1 of 1 requests failed against 0 of 9 on live: no verdict yet, ")


@pytest.mark.parametrize("live", [Counts(0, 0), Counts(500, 5)])
def test_no_candidate_traffic_is_neither_pass_nor_fail_however_long_it_lasts(live: Counts) -> None:
    verdict = feed(Analysis(), Counts(0, 0), live, times=1000)
    assert verdict.outcome == "inconclusive"
    assert verdict.reason == "the candidate got no requests yet, so nothing is known"


def test_a_step_without_fresh_requests_does_not_pass_on_old_evidence() -> None:
    analysis = Analysis(FAILURES)
    assert feed(analysis, Counts(50, 0), Counts(500, 0), times=20).outcome == "pass"
    analysis.begin_step()
    verdict = feed(analysis, Counts(0, 0), Counts(500, 0), times=50)
    assert verdict.outcome == "inconclusive"
    assert "needs about 50 more candidate requests" in verdict.reason
    assert feed(analysis, Counts(50, 0), Counts(500, 0)).outcome == "pass"


def test_a_spotless_release_over_a_spotless_live_version_passes_by_the_acceptable_rate() -> None:
    analysis = Analysis(FAILURES)
    requests = 0
    while analysis.verdict.outcome == "inconclusive":
        feed(analysis, Counts(1, 0), Counts(9, 0), seconds=1.0)
        requests += 1
    # Two ways to pass share beta: all wealth on "nothing fails" would need ln(2 / 0.05) / -ln(1 - 0.02).
    assert 183 <= requests <= 230
    assert analysis.verdict.decided_by == ("failures: acceptable",)
    assert f"0 of {requests} requests failed" in analysis.verdict.reason
    assert "below the acceptable 2 % (e-value " in analysis.verdict.reason


def test_a_release_with_the_errors_of_live_passes_by_comparison() -> None:
    verdict = feed(Analysis(FAILURES), Counts(100, 5), Counts(900, 45), times=30)
    assert verdict.outcome == "pass"
    assert verdict.decided_by == ("failures: not_worse",)
    assert "less than 2 times live's odds (e-value " in verdict.reason


def test_without_an_acceptable_rate_only_the_comparison_can_pass() -> None:
    analysis = Analysis(Policy(metrics=("failures",), acceptable_rate=None))
    assert feed(analysis, Counts(100, 0), Counts(900, 0), times=50).outcome == "inconclusive"
    assert "none in sight" in analysis.verdict.reason


def test_every_watched_metric_must_pass() -> None:
    verdict = feed(Analysis(), Counts(100, 0, 4), Counts(900, 0, 27), times=4)
    assert verdict.metric("failures").held("acceptable")
    assert verdict.outcome == "inconclusive"
    assert "were slow" in verdict.reason


def test_an_incident_of_both_slots_is_not_blamed_on_the_candidate() -> None:
    analysis = Analysis(FAILURES)
    feed(analysis, Counts(10, 0), Counts(90, 0), times=20, seconds=5.0)
    assert feed(analysis, Counts(10, 5), Counts(90, 45), times=60, seconds=5.0).outcome != "fail"


def test_a_candidate_that_mends_a_broken_live_version_passes() -> None:
    verdict = feed(Analysis(FAILURES), Counts(100, 6), Counts(900, 450), times=20)
    assert verdict.outcome == "pass"


def test_a_failed_metric_stays_failed_whatever_follows() -> None:
    analysis = Analysis(FAILURES)
    failed = feed(analysis, Counts(10, 10), Counts(90, 0))
    later = feed(analysis, Counts(1000, 0), Counts(9000, 0), times=5)
    assert failed.outcome == later.outcome == "fail"
    assert later.reason == failed.reason


def test_four_failed_health_checks_in_a_row_fail_the_candidate() -> None:
    analysis = Analysis()
    for slot_ok in (False, False, False, True, False, False, False):
        assert analysis.health(slot_ok).outcome == "inconclusive"
    verdict = analysis.health(False)
    assert verdict.outcome == "fail"
    assert verdict.reason == "4 health checks in a row failed, 3 are allowed"
    assert verdict.decided_by == ("health checks",)


def test_a_step_may_ask_for_less_certainty_but_not_for_nonsense() -> None:
    analysis = Analysis(FAILURES)
    analysis.begin_step(minimum_requests=20, beta=0.5)
    assert feed(analysis, Counts(100, 0), Counts(900, 0)).outcome == "pass"
    analysis.begin_step(minimum_requests=20)
    assert feed(analysis, Counts(50, 0), Counts(450, 0)).outcome == "inconclusive"
    with pytest.raises(BadInput, match=r"^beta: "):
        analysis.begin_step(beta=1.5)


def test_the_forecast_of_requests_to_go_holds() -> None:
    analysis = Analysis(FAILURES)
    feed(analysis, Counts(10, 0), Counts(90, 0), times=5)
    to_go = analysis.verdict.metric("failures").requests_to_go
    assert to_go is not None
    assert f"needs about {to_go} more candidate requests" in analysis.verdict.reason
    assert feed(analysis, Counts(to_go - 1, 0), Counts(900, 0)).outcome == "inconclusive"
    assert feed(analysis, Counts(1, 0), Counts(9, 0)).outcome == "pass"


def test_the_verdict_as_json_names_what_decided_and_every_e_value() -> None:
    verdict = feed(Analysis(), Counts(100, 0), Counts(900, 0), times=5)
    data = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    assert data["outcome"] == "pass"
    assert data["decided_by"] == ["failures: acceptable", "slow: acceptable"]
    questions = [each["question"] for each in data["metrics"][0]["evidence"]]
    assert questions == ["worse", "over_limit", "not_worse", "acceptable"]
    assert all(each["needed"] > 1.0 for metric in data["metrics"] for each in metric["evidence"])
