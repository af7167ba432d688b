"""A weighted mean of test martingales: the e-process that every question here is answered with.

Each bet multiplies its wealth by a likelihood ratio whose mean is at most 1 if the question's null holds, so
the chance that the mean wealth ever reaches 1 / level is at most level, however often one looks: Ville 1939;
Ramdas, Grunwald, Vovk, Shafer, Statistical Science 2023.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

LOST = float("-inf")


def log_mean(log_weights: Sequence[float], logs: Sequence[float]) -> float:
    """Log of the weighted mean of exp(logs); minus infinity if all of them are."""
    terms = [weight + log for weight, log in zip(log_weights, logs, strict=True)]
    top = max(terms)
    return top if top == LOST else top + math.log(sum([math.exp(term - top) for term in terms]))


class Mixture:
    """Log wealth of a fixed set of bets, each starting at 1. `weights` are positive and add up to 1."""

    def __init__(self, weights: Iterable[float]) -> None:
        self.log_weights = tuple(math.log(weight) for weight in weights)
        self.logs = [0.0] * len(self.log_weights)

    def multiply(self, log_factors: Iterable[float]) -> None:
        """Let every bet win or lose one more observation."""
        self.logs = [log + factor for log, factor in zip(self.logs, log_factors, strict=True)]

    @property
    def log_value(self) -> float:
        return log_mean(self.log_weights, self.logs)
