"""How often each canary rule is wrong and how long it takes: the numbers in `docs/canary.md`, from a seed."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from deployments.bench.canary_cost import cost
from deployments.bench.canary_runs import (
    BURST_SECONDS,
    OURS,
    PATIENT,
    Looks,
    Runs,
    looks,
    poll_seconds,
    run_ours,
    run_rivals,
    type_i,
)
from deployments.bench.canary_traffic import Burst, Traffic, steady
from tasks.analysis import Policy

RATES = (2, 20, 60, 300, 1200)
BASE = 0.01
WORSE = (0.02, 0.03, 0.06, 0.2, 1.0)
HEALTHY = (0.0, 0.001, 0.01)
# Canary's part of the traffic.
SHARE = 0.1
AN_HOUR = Looks(every=5.0, until=3600.0)
Part = Literal["simulation", "robustness", "cost"]
PARTS: tuple[Part, ...] = get_args(Part)


def simulate(
    repetitions: int = 2000,
    seed: int = 1,
    alpha: float = 0.01,
    rates: tuple[int, ...] = RATES,
    worse: tuple[float, ...] = WORSE,
    healthy: tuple[float, ...] = HEALTHY,
    parts: tuple[Part, ...] = PARTS,
    batches: int = 100_000,
) -> dict[str, Any]:
    """Type-I error and speed of every rule, as plain values for JSON. Progress goes to standard error.

    rates: canary requests per minute at a 90/10 split; worse: error rates of bad candidates over a live version
    at 1 %; healthy: error rates of candidates to promote; parts: the others are left out; batches: how many to
    measure the cost on. The type-I error is over one hour of a candidate as good as live.
    """
    policy = Policy(alpha=alpha)
    # Each part has random numbers of its own: the same ones whether the others run or not.
    simulation, scenarios = (np.random.default_rng([seed, number]) for number in range(2))
    found: dict[str, Any] = {
        "alpha": alpha,
        "repetitions": repetitions,
        # Of a type-I error that is alpha: what to allow for when reading them. `rows` run four times as many ramps.
        "standard_error_at_alpha": round(math.sqrt(alpha * (1.0 - alpha) / repetitions), 5),
        "seed": seed,
    }
    if "simulation" in parts:
        found["rows"] = [row for rate in rates for row in _rows(simulation, policy, repetitions, rate, worse)]
        found["promotion"] = [
            row for rate in rates for row in _promotion(simulation, policy, repetitions, rate, healthy)
        ]
        found["bursts"] = list(_bursts(simulation, policy, repetitions, worse))
        found["wrong_pass"] = list(_wrong_pass(simulation, policy, repetitions))
    if "robustness" in parts:
        found["robustness"] = list(_robustness(scenarios, policy, repetitions))
    if "cost" in parts:
        _say(f"cost of {batches} batches")
        found["cost"] = cost(policy, long=batches)
    return found


def _say(text: str) -> None:
    print(f"bench canary: {text}", file=sys.stderr, flush=True)


def _traffic(rate: float, canary: float, live: float) -> Traffic:
    return Traffic(rate / SHARE, steady(canary), steady(live), steady(SHARE))


def _rows(
    rng: np.random.Generator, policy: Policy, repetitions: int, rate: int, worse: tuple[float, ...]
) -> Iterator[dict[str, Any]]:
    _say(f"{rate} canary requests a minute: type-I error over an hour")
    # A rare error needs more ramps than a mean.
    wrong = type_i(rng, policy, _traffic(rate, BASE, BASE), 4 * repetitions, poll_seconds(rate, 2.0))
    for canary in worse:
        _say(f"{rate} canary requests a minute: {BASE:.0%} against {canary:.0%}")
        traffic = _traffic(rate, canary, BASE)
        runs = {OURS: run_ours(rng, policy, traffic, repetitions, looks(rate), until_passed=False)}
        runs |= run_rivals(rng, traffic, repetitions, looks(rate))
        for rule, found in runs.items():
            yield {
                "rule": rule,
                "rate_per_minute": rate,
                "base": BASE,
                "canary": canary,
                "type_i": wrong[rule],
                **_speed(found),
            }


def _speed(runs: Runs) -> dict[str, float | None]:
    """Means over all runs; None if more than 1 in 100 never ended, since their mean would flatter."""
    decided = float(runs.decided.mean())
    if decided < 0.99:
        return {"requests_mean": None, "requests_p95": None, "minutes_mean": None, "decided": decided}
    return {
        "requests_mean": round(float(runs.requests.mean()), 1),
        "requests_p95": float(np.percentile(runs.requests, 95)),
        "minutes_mean": round(float(runs.seconds.mean()) / 60.0, 2),
        "decided": decided,
    }


def _promotion(
    rng: np.random.Generator, policy: Policy, repetitions: int, rate: int, healthy: tuple[float, ...]
) -> Iterator[dict[str, Any]]:
    for base in healthy:
        _say(f"{rate} canary requests a minute: promotion of a healthy release at {base:.1%}")
        runs = run_ours(rng, policy, _traffic(rate, base, base), repetitions, looks(rate), until_passed=True)
        yield {"rule": OURS, "rate_per_minute": rate, "base": base, **_speed(runs)}


def _bursts(
    rng: np.random.Generator, policy: Policy, repetitions: int, worse: tuple[float, ...]
) -> Iterator[dict[str, Any]]:
    """What it costs to count bad requests that come together once, for candidates bad enough to be found soon."""
    patient = replace(policy, burst_seconds=BURST_SECONDS)
    for rate in (60, 1200):
        for canary in (one for one in worse if one > 0.05):
            _say(f"{rate} canary requests a minute, bursts counted once: {BASE:.0%} against {canary:.0%}")
            runs = run_ours(rng, patient, _traffic(rate, canary, BASE), repetitions, looks(rate), until_passed=False)
            yield {"rule": PATIENT, "rate_per_minute": rate, "base": BASE, "canary": canary, **_speed(runs)}


def _wrong_pass(rng: np.random.Generator, policy: Policy, repetitions: int) -> Iterator[dict[str, Any]]:
    """Candidates just bad enough that they must not pass: worse by the margin and not below acceptable."""
    for base in (0.01, 0.02, 0.05):
        odds = policy.margin * base / (1.0 - base)
        canary = max(odds / (1.0 + odds), policy.acceptable_rate or 0.0)
        _say(f"pass of a candidate with {canary:.1%} over {base:.0%}")
        runs = run_ours(rng, policy, _traffic(60, canary, base), repetitions, AN_HOUR, until_passed=True)
        yield {
            "rule": OURS,
            "rate_per_minute": 60,
            "base": base,
            "canary": round(canary, 4),
            "wrong_pass": float(runs.decided.mean()),
        }


def _robustness(rng: np.random.Generator, policy: Policy, repetitions: int) -> Iterator[dict[str, Any]]:
    for name, traffic in scenarios().items():
        _say(f"healthy candidate: {name}")
        for rule, wrong in type_i(rng, policy, traffic, repetitions, 2.0, with_bursts=bool(traffic.burst)).items():
            yield {"scenario": name, "rule": rule, "type_i": wrong}


def scenarios(total: float = 600.0) -> dict[str, Traffic]:
    """A candidate as good as live for an hour, `total` requests a minute, while something else goes on."""
    one, tenth = steady(BASE), steady(SHARE)
    return {
        "base rate drifts from 1 % to 10 %": Traffic(total, _drift, _drift, tenth),
        "incident on both slots": Traffic(total, _incident, _incident, tenth),
        "share is 1.5 times the nominal one": Traffic(total, one, one, steady(1.5 * SHARE)),
        "weight goes from 1 to 50 %": Traffic(total, one, one, _ramp),
        "weight goes up while the base rate drifts": Traffic(total, _drift, _drift, _ramp),
        "half of 2 s fails now and then, both slots": Traffic(total, one, one, tenth, Burst(300.0, 0.5, True)),
        "half of 2 s fails now and then, one slot": Traffic(total, one, one, tenth, Burst(300.0, 0.5, False)),
        "all of 2 s fails now and then, one slot": Traffic(total, one, one, tenth, Burst(300.0, 1.0, False)),
        "canary read 5 s late, steady base": Traffic(total, one, one, tenth, skew_seconds=5.0),
        "canary read 5 s late, incident": Traffic(total, _incident, _incident, tenth, skew_seconds=5.0),
        "canary read 5 s early, incident": Traffic(total, _incident, _incident, tenth, skew_seconds=-5.0),
    }


def _drift(second: float) -> float:
    return BASE * (1.0 + 9.0 * min(max(second, 0.0) / 3600.0, 1.0))


def _incident(second: float) -> float:
    """Half of all requests fail for five minutes."""
    return 0.5 if 1200.0 <= second < 1500.0 else BASE


def _ramp(second: float) -> float:
    """Five steps of twelve minutes."""
    return (0.01, 0.05, 0.1, 0.25, 0.5)[min(int(second // 720), 4)]
