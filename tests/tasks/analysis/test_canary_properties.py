"""What must hold for any traffic: how it is cut into batches says nothing, a restart loses nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import BadInput
from tasks.analysis import Analysis, Batch, Counts, Policy
from tasks.analysis.likelihood import Table, log_likelihood

POLICY = Policy(metrics=("failures",))


@st.composite
def counts(draw: st.DrawFn, least: int = 0, most: int = 40) -> Counts:
    requests = draw(st.integers(least, most))
    return Counts(requests, draw(st.integers(0, requests)), draw(st.integers(0, requests)))


def run(pairs: list[tuple[Counts, Counts]], policy: Policy = POLICY) -> Analysis:
    analysis = Analysis(policy)
    for number, (canary, live) in enumerate(pairs):
        analysis.add(Batch(float(number), 1.0, canary, live))
    return analysis


def e_values(analysis: Analysis, *questions: str) -> list[float]:
    evidence = analysis.verdict.metrics[0].evidence
    return [math.log(each.e_value or 1e-300) for each in evidence if each.question in questions]


PAIRS = st.lists(st.tuples(counts(), counts()), max_size=12)
# Each closes its stratum by itself: at least as many requests on both slots as a stratum needs.
FULL = st.lists(st.tuples(counts(least=5), counts(least=5)), min_size=1, max_size=8)


@given(FULL, st.data())
def test_silence_adds_no_evidence(pairs: list[tuple[Counts, Counts]], data: st.DataObject) -> None:
    silent = (Counts(0, 0), Counts(0, 0))
    where = data.draw(st.integers(0, len(pairs)))
    plain, padded = run(pairs), run([*pairs[:where], silent, silent, *pairs[where:]])
    questions = ("worse", "not_worse", "acceptable")
    assert e_values(padded, *questions) == pytest.approx(e_values(plain, *questions))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=10))
def test_how_traffic_without_errors_is_cut_into_batches_does_not_matter(sizes: list[int]) -> None:
    cut = run([(Counts(size, 0), Counts(9 * size, 0)) for size in sizes])
    whole = run([(Counts(sum(sizes), 0), Counts(9 * sum(sizes), 0))])
    assert cut.verdict.outcome == whole.verdict.outcome
    for here, there in zip(cut.verdict.metrics[0].evidence, whole.verdict.metrics[0].evidence, strict=True):
        assert here.e_value == pytest.approx(there.e_value, rel=1e-9)


@given(FULL, st.data())
def test_the_order_of_strata_does_not_change_the_evidence_for_a_pass(
    pairs: list[tuple[Counts, Counts]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(pairs))
    assert e_values(run(shuffled), "not_worse", "acceptable") == pytest.approx(
        e_values(run(pairs), "not_worse", "acceptable")
    )


@given(PAIRS)
@settings(max_examples=60)
def test_a_killed_analysis_goes_on_exactly_where_it_was(pairs: list[tuple[Counts, Counts]]) -> None:
    policy = Policy()
    whole, killed = Analysis(policy), Analysis(policy)
    for number, (canary, live) in enumerate(pairs):
        batch = Batch(float(number), 1.0, canary, live)
        killed = Analysis.from_json(killed.to_json())
        assert killed.add(batch) == whole.add(batch)
    assert killed.to_json() == whole.to_json()


@given(PAIRS)
def test_the_state_has_no_number_that_json_lacks_and_stays_small(pairs: list[tuple[Counts, Counts]]) -> None:
    text = run(pairs, Policy()).to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert len(text) < 3000


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 2}', '{"format": 1, "policy": {}}'])
def test_a_damaged_state_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^analysis state: cannot be read"):
        Analysis.from_json(text)


@given(st.integers(1, 60), st.integers(1, 600), st.data())
def test_a_failure_on_the_candidate_instead_of_live_is_more_evidence_against_it(
    canary: int, live: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(1, canary + live))
    least, most = max(0, bad - live), min(canary, bad)
    if least == most:
        return
    here = data.draw(st.integers(least, most - 1))
    for ratio in (1.5, 6.0, 60.0):
        few, many = (
            log_likelihood(table, ratio) - log_likelihood(table, 1.0)
            for table in (Table(canary, j, live, bad - j) for j in (here, here + 1))
        )
        assert many - few == pytest.approx(math.log(ratio))


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_huge_batches_are_judged_without_overflow(canary: int, live: int, canary_rate: float, live_rate: float) -> None:
    analysis = run([(Counts(canary, int(canary * canary_rate)), Counts(live, int(live * live_rate)))])
    for each in analysis.verdict.metrics[0].evidence:
        assert math.isfinite(each.e_value)
