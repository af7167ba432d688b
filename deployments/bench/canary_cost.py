"""What the analysis itself costs, measured on the product's own code."""

from __future__ import annotations

import random
import time

from tasks.analysis import Analysis, Batch, Counts, Policy


def batches(count: int, seed: int = 1) -> list[Batch]:
    """One batch a second of a healthy ramp: 10 canary and 90 live requests, 1 % of them bad."""
    rng = random.Random(seed)
    return [Batch(float(second), 1.0, _slot(rng, 10), _slot(rng, 90)) for second in range(count)]


def _slot(rng: random.Random, requests: int) -> Counts:
    failures, slow = (sum(rng.random() < 0.01 for _ in range(requests)) for _ in range(2))
    return Counts(requests, failures, slow)


def cost(policy: Policy, short: int = 10, long: int = 100_000) -> dict[str, float]:
    """Processor time per batch and the size of the state after few and after very many batches."""
    analysis, sizes = Analysis(policy), {}
    # The same thousand batches again and again, later: making new ones would take longer than judging them.
    some, spent = batches(1000), 0.0
    for number in range(long):
        each = some[number % 1000]
        shifted = Batch(float(number), each.seconds, each.canary, each.live)
        started = time.process_time()
        analysis.add(shifted)
        spent += time.process_time() - started
        if number + 1 in (short, long):
            sizes[number + 1] = len(analysis.to_json())
    return {
        "microseconds_per_batch": round(spent / long * 1e6, 1),
        f"state_bytes_at_{short}": sizes[short],
        f"state_bytes_at_{long}": sizes[long],
    }
