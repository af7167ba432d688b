"""Many ramps under one rule: how many are aborted by mistake, and when the others are decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deployments.bench.canary_ours import Counts, Ours
from deployments.bench.canary_rivals import rivals
from deployments.bench.canary_traffic import Traffic
from tasks.analysis import Policy

OURS = "ours"
# The same with bad requests that come together counted once: what the policy's `burst_seconds` is for.
PATIENT = "ours-bursts-once"
BURST_SECONDS = 10.0
HOUR, HALF_A_DAY = 3600.0, 43_200.0
# A run that took this many canary requests and an hour, or half a day, counts as never decided.
MOST_REQUESTS = 6000
# Ten readings a second at most.
SHORTEST_POLL = 0.1


@dataclass(frozen=True)
class Runs:
    """N ramps: canary requests and seconds until the decision, or until giving up. Each of shape (N,)."""

    requests: NDArray[np.int64]
    seconds: NDArray[np.float64]
    decided: NDArray[np.bool_]


def poll_seconds(rate: float, shortest: float) -> float:
    """How often counts are read: about once per canary request, but every `shortest` to 30 s."""
    return float(min(30.0, max(shortest, 60.0 / rate)))


@dataclass(frozen=True)
class Looks:
    """How often the counts are read, and until when. Both in seconds."""

    every: float
    until: float


def looks(rate: float) -> Looks:
    """Enough of them to decide all but hopeless cases at this many canary requests a minute."""
    return Looks(poll_seconds(rate, SHORTEST_POLL), max(HOUR, min(HALF_A_DAY, 60.0 * MOST_REQUESTS / rate)))


def type_i(
    rng: np.random.Generator, policy: Policy, traffic: Traffic, ramps: int, step: float, *, with_bursts: bool = False
) -> dict[str, float]:
    """Share of ramps that each rule aborts within an hour, all rules looking at the same requests.

    step: the seconds between two readings of the counts; a minute is a whole number of them. with_bursts: also our
    rule with bursts counted once.
    """
    kinds = {OURS: policy, PATIENT: replace(policy, burst_seconds=BURST_SECONDS)} if with_bursts else {OURS: policy}
    ours, rules = {name: _both_metrics(one, ramps) for name, one in kinds.items()}, rivals()
    wrong = {rule: np.zeros(ramps, dtype=bool) for rule in [*ours, *(rule.name for rule in rules)]}
    minute: Counts | None = None
    for tick in range(round(HOUR / step)):
        batches = traffic.step(rng, ramps, tick * step, step)
        for name, metrics in ours.items():
            for metric, batch in zip(metrics, batches, strict=True):
                metric.add(batch, step)
                wrong[name] |= metric.failed
        minute = batches[0] if minute is None else minute + batches[0]
        if round((tick + 1) * step) % 60 == 0:
            for rule in rules:
                wrong[rule.name] |= rule.look(minute)
            minute = None
    return {rule: float(share.mean()) for rule, share in wrong.items()}


def run_ours(
    rng: np.random.Generator,
    policy: Policy,
    traffic: Traffic,
    ramps: int,
    when: Looks,
    *,
    until_passed: bool,
) -> Runs:
    """Run the analysis until it fails the candidate, or, with `until_passed`, until it passes it."""
    metrics, step = _both_metrics(policy, ramps), when.every
    found = Runs(np.zeros(ramps, dtype=np.int64), np.zeros(ramps), np.zeros(ramps, dtype=bool))
    open_ramps = np.arange(ramps)
    for tick in range(round(when.until / step)):
        batches = traffic.step(rng, len(open_ramps), tick * step, step)
        for metric, batch in zip(metrics, batches, strict=True):
            metric.add(batch, step)
        found.requests[open_ramps] += batches[0].canary
        found.seconds[open_ramps] = (tick + 1) * step
        done = _done(metrics, until_passed, found.requests[open_ramps] >= policy.minimum_requests)
        if done.any():
            found.decided[open_ramps[done]] = True
            open_ramps = open_ramps[~done]
            for metric in metrics:
                metric.keep(~done)
        if not len(open_ramps):
            break
    return found


def _both_metrics(policy: Policy, ramps: int) -> list[Ours]:
    return [Ours(policy, name, ramps) for name in policy.metrics]


def _done(metrics: list[Ours], until_passed: bool, sampled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if until_passed:
        return np.asarray(np.all([metric.passed() for metric in metrics], axis=0) & sampled)
    return np.asarray(np.any([metric.failed for metric in metrics], axis=0))


def run_rivals(rng: np.random.Generator, traffic: Traffic, ramps: int, when: Looks) -> dict[str, Runs]:
    """Run every rival, one look a minute, until it aborts, on the same requests."""
    rules = rivals()
    found = {
        rule.name: Runs(np.zeros(ramps, dtype=np.int64), np.zeros(ramps), np.zeros(ramps, dtype=bool)) for rule in rules
    }
    for tick in range(round(when.until / 60.0)):
        minute = traffic.step(rng, ramps, tick * 60.0, 60.0)[0]
        for rule in rules:
            runs = found[rule.name]
            still = ~runs.decided
            runs.requests[still] += minute.canary[still]
            runs.seconds[still] = (tick + 1) * 60.0
            runs.decided[:] |= rule.look(minute)
        if all(runs.decided.all() for runs in found.values()):
            break
    return found
