"""The canary decision: is the candidate worse than live, over its limits, or good enough to go on?

Counts per batch and slot in, verdict out; every bound holds at every look. `docs/canary.md` has the proofs.
"""

from __future__ import annotations

from tasks.analysis.analysis import Analysis
from tasks.analysis.counts import METRICS, Batch, Counts
from tasks.analysis.policy import Policy
from tasks.analysis.verdict import Evidence, MetricVerdict, Outcome, Question, Verdict

__all__ = [
    "METRICS",
    "Analysis",
    "Batch",
    "Counts",
    "Evidence",
    "MetricVerdict",
    "Outcome",
    "Policy",
    "Question",
    "Verdict",
]
