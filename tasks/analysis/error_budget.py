"""How much of the promise is left: the error budget of a service level objective.

Beyer et al., The Site Reliability Workbook (O'Reilly 2018), ch. 2: an objective of 99.9 % over 30 days allows one
request of a thousand to fail in them; the share of these that has not failed yet is what is left to take risks with.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """`objective` is the share of good answers that is promised, in (0, 1); the counts are those of the window."""

    objective: float
    requests: int
    failures: int

    def __post_init__(self) -> None:
        if not 0 < self.objective < 1 or not 0 <= self.failures <= self.requests:
            raise ValueError(f"objective {self.objective}, {self.failures} failures of {self.requests}: cannot be")

    @property
    def allowed(self) -> float:
        """Failures that the objective leaves room for."""
        return (1 - self.objective) * self.requests

    @property
    def left(self) -> float:
        """The share of them that is left: 1 where nothing failed, below 0 where the promise is broken."""
        # Rounded: what is spent to the last request is spent, whatever floating point has left of it.
        return round(1 - self.failures / self.allowed, 9) if self.requests else 1.0
