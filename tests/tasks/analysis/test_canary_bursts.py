"""Errors in clumps: with the policy's word, a clump counts once, and evidence of harm is never more than without."""

from __future__ import annotations

import random

import pytest

from tasks.analysis import Analysis, Batch, Counts, Policy
from tasks.analysis.bursts import Bursts

PATIENT = Policy(burst_seconds=10.0)


def clump(analysis: Analysis, at: int) -> None:
    """A healthy minute in which the candidate fails everything for two seconds."""
    for second in range(60):
        bad = 2 if at <= second < at + 2 else 0
        analysis.add(Batch(60.0 * at + second, 1.0, Counts(2, bad), Counts(18, 0)))


def test_one_clump_fails_a_candidate_by_default_and_not_where_clumps_count_once() -> None:
    plain, patient = Analysis(Policy()), Analysis(PATIENT)
    for analysis in (plain, patient):
        clump(analysis, 21)
    assert plain.verdict.outcome == "fail"
    assert patient.verdict.outcome != "fail"


@pytest.mark.parametrize("requests", [1, 20])
def test_a_candidate_that_fails_everything_still_goes_within_a_minute(requests: int) -> None:
    analysis = Analysis(PATIENT)
    seconds = 0
    while analysis.verdict.outcome != "fail":
        analysis.add(Batch(float(seconds), 1.0, Counts(requests, requests), Counts(9 * requests, 0)))
        seconds += 1
        assert seconds <= 60


@pytest.mark.parametrize("seed", range(8))
def test_evidence_of_harm_is_never_more_and_evidence_for_it_the_same(seed: int) -> None:
    lots = random.Random(seed)
    plain, patient = Analysis(Policy()), Analysis(PATIENT)
    for second in range(120):
        counts = (Counts(n, sum(lots.random() < rate for _ in range(n))) for n, rate in ((3, 0.2), (20, 0.05)))
        batch = Batch(float(second), 1.0, *counts)
        plain.add(batch)
        patient.add(batch)
    for mine, theirs in zip(patient.verdict.metrics[0].evidence, plain.verdict.metrics[0].evidence, strict=True):
        if mine.question in ("worse", "over_limit"):
            assert mine.e_value <= theirs.e_value * (1 + 1e-9)
        else:
            assert mine.e_value == theirs.e_value


def test_a_stretch_counts_one_or_a_tenth_of_its_requests_whatever_the_batches() -> None:
    together, apart = Bursts(10.0), Bursts(10.0)
    assert together.counted(20.0, 40, 40) == 4
    assert sum(apart.counted(20.0 + second, 10, 10) for second in range(4)) == 4
    assert apart.counted(24.0, 1, 1) == 0
    assert apart.counted(30.0, 1, 1) == 1, "a new stretch"
    assert Bursts(0.0).counted(30.0, 5, 5) == 5


def test_what_counted_survives_a_crash() -> None:
    whole, cut = Analysis(PATIENT), Analysis(PATIENT)
    for second in range(40):
        batch = Batch(float(second), 1.0, Counts(1, int(second % 3 == 0)), Counts(9, 0))
        whole.add(batch)
        cut = Analysis.from_json(cut.to_json())
        cut.add(batch)
    assert cut.to_json() == whole.to_json()
