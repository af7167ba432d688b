"""The simulation is only worth something if it simulates the product, so the two are held together."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from deployments.bench.canary import scenarios, simulate
from deployments.bench.canary_cost import cost
from deployments.bench.canary_ours import Counts, Ours
from deployments.bench.canary_rivals import Argo, Flagger, fisher_tail
from deployments.bench.canary_runs import OURS, PATIENT, looks, run_ours, type_i
from deployments.bench.canary_traffic import Traffic, steady
from tasks.analysis import Analysis, Batch, Policy
from tasks.analysis import Counts as SlotCounts
from tasks.analysis.comparison import WORSE

RAMPS = 6
ALWAYS = {"alpha", "repetitions", "standard_error_at_alpha", "seed"}
TRAFFIC = {
    "a worse candidate": Traffic(600.0, steady(0.06), steady(0.01)),
    "a healthy candidate at low traffic": Traffic(100.0, steady(0.01), steady(0.01)),
    "a candidate that fails everything": Traffic(2000.0, steady(1.0), steady(0.01)),
    "an incident": scenarios()["incident on both slots"],
}


def slot(failures: Counts, slow: Counts, ramp: int) -> tuple[SlotCounts, SlotCounts]:
    def one(requests: str, bad: str) -> SlotCounts:
        return SlotCounts(*(int(getattr(*each)[ramp]) for each in [(failures, requests), (failures, bad), (slow, bad)]))

    return one("canary", "canary_bad"), one("live", "live_bad")


def e_values(ours: Ours) -> dict[str, list[float]]:
    """Of the questions that both sides can be asked without the cap of the boost."""
    return {"over_limit": list(ours.log_over()), "acceptable": list(ours.log_acceptable())}


@pytest.mark.parametrize("burst_seconds", [0.0, 10.0])
@pytest.mark.parametrize("name", list(TRAFFIC))
def test_the_simulation_decides_as_the_product_does_at_every_batch(name: str, burst_seconds: float) -> None:
    policy, rng = Policy(burst_seconds=burst_seconds), np.random.default_rng(7)
    ours = [Ours(policy, metric, RAMPS) for metric in policy.metrics]
    analyses = [Analysis(policy) for _ in range(RAMPS)]
    for second in range(150):
        # From 19.6 minutes on: that is when the incident begins.
        batches = TRAFFIC[name].step(rng, RAMPS, 1180.0 + second, 1.0)
        for metric, batch in zip(ours, batches, strict=True):
            metric.add(batch, 1.0)
        for ramp, analysis in enumerate(analyses):
            verdict = analysis.add(Batch(float(second), 1.0, *slot(batches[0], batches[1], ramp)))
            assert (verdict.outcome == "fail") == bool(ours[0].failed[ramp] or ours[1].failed[ramp])
            passed = all(metric.held("not_worse", "acceptable") for metric in verdict.metrics)
            assert passed == bool(ours[0].passed()[ramp] and ours[1].passed()[ramp])
    for metric, each in zip(policy.metrics, ours, strict=True):
        for question, logs in e_values(each).items():
            for analysis, log in zip(analyses, logs, strict=True):
                evidence = {e.question: e.e_value for e in analysis.verdict.metric(metric).evidence}
                if evidence[question] < 1e290:
                    assert evidence[question] == pytest.approx(math.exp(log), rel=1e-6)


def test_the_worse_e_values_of_simulation_and_product_are_the_same_numbers() -> None:
    policy, rng = Policy(metrics=("failures",)), np.random.default_rng(3)
    ours, analyses = Ours(policy, "failures", RAMPS), [Analysis(policy) for _ in range(RAMPS)]
    for second in range(40):
        batch, slow = TRAFFIC["a worse candidate"].step(rng, RAMPS, float(second), 1.0)
        ours.add(batch, 1.0)
        for ramp, analysis in enumerate(analyses):
            analysis.add(Batch(float(second), 1.0, *slot(batch, slow, ramp)))
    weights = np.log(list(WORSE.values()))
    for ramp, analysis in enumerate(analyses):
        boosted = math.log(np.exp(ours.worse[:, ramp] + weights).sum())
        threshold = ours.worse_threshold
        log = max(boosted - ours.boosted[ramp], min(boosted, threshold))
        assert math.log(analysis.verdict.metrics[0].evidence[0].e_value) == pytest.approx(log, abs=1e-9)


def test_fishers_tail_is_the_sum_over_all_more_extreme_tables() -> None:
    canary, canary_bad, live, live_bad = 12, 3, 50, 4
    bad = canary_bad + live_bad
    ways = [math.comb(canary, j) * math.comb(live, bad - j) for j in range(bad + 1)]
    expected = sum(ways[canary_bad:]) / math.comb(canary + live, bad)
    assert fisher_tail(*(np.array([n]) for n in (canary, canary_bad, live, live_bad)))[0] == pytest.approx(expected)


def test_flagger_acts_one_look_after_its_threshold_and_argo_at_once() -> None:
    def minute(canary: int, bad: int) -> Counts:
        return Counts(*(np.array([n]) for n in (canary, bad, 90, 0)))

    flagger, argo = Flagger("flagger-default", 1), Argo()
    looks = [minute(20, 1), minute(20, 2), minute(20, 0)]
    assert [bool(flagger.look(each)[0]) for each in looks] == [False, False, True]
    assert [bool(argo.look(each)[0]) for each in looks] == [False, True, False]
    assert argo.look(minute(0, 0))[0]


def test_a_small_simulation_keeps_its_promises_and_is_plain_json() -> None:
    result = simulate(
        60, seed=5, rates=(20,), worse=(0.06, 1.0), healthy=(0.0,), parts=("simulation", "cost"), batches=500
    )
    assert set(result) == {*ALWAYS, "rows", "promotion", "bursts", "wrong_pass", "cost"}
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    ours = {row["canary"]: row for row in result["rows"] if row["rule"] == OURS}
    # With 60 ramps and an error of at most 1 %, 5 wrong ones or more happen once in 2000 times.
    assert ours[0.06]["type_i"] < 5 / 60
    assert ours[1.0]["requests_mean"] <= 5
    assert ours[0.06]["requests_mean"] < 170
    rivals = {row["rule"]: row["type_i"] for row in result["rows"]}
    assert rivals["flagger-default"] > 0.8
    # Beta is 5 %: 10 of 60 or more happen once in 2000 times.
    assert all(row["wrong_pass"] < 10 / 60 for row in result["wrong_pass"])
    assert [row["base"] for row in result["promotion"]] == [0.0]
    assert 183 <= result["promotion"][0]["requests_mean"] <= 230


def test_the_same_seed_gives_the_same_numbers() -> None:
    runs = [
        run_ours(np.random.default_rng(4), Policy(), TRAFFIC["a worse candidate"], 20, looks(60), until_passed=False)
        for _ in range(2)
    ]
    assert runs[0].requests.tolist() == runs[1].requests.tolist()
    assert runs[0].decided.all()


def test_the_parts_can_be_run_alone() -> None:
    alone = simulate(2, seed=5, parts=("robustness",))
    assert set(alone) == {*ALWAYS, "robustness"}
    assert {row["scenario"] for row in alone["robustness"]} == set(scenarios())
    assert set(alone["robustness"][0]) == {"scenario", "rule", "type_i"}
    assert set(simulate(2, parts=())) == ALWAYS


@pytest.mark.parametrize("name", list(scenarios()))
def test_every_scenario_runs_through_every_rule(name: str) -> None:
    wrong = type_i(np.random.default_rng(1), Policy(), scenarios()[name], 3, 60.0, with_bursts=True)
    assert set(wrong) == {OURS, PATIENT, "flagger-default", "flagger-docs", "argo", "fisher-peeked"}


def test_the_state_does_not_grow_with_the_ramp() -> None:
    sizes = cost(Policy(), short=10, long=3000)
    assert sizes["state_bytes_at_3000"] < sizes["state_bytes_at_10"] * 1.2
    assert sizes["microseconds_per_batch"] > 0
