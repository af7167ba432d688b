"""The canary decision of one ramp: counts in, verdict out. Pure: no clock, no input or output."""

from __future__ import annotations

from infra.errors import BadInput
from tasks.analysis import sentences, state
from tasks.analysis.counts import Batch
from tasks.analysis.metric import Metric
from tasks.analysis.policy import Policy
from tasks.analysis.stratum import Stratum
from tasks.analysis.verdict import MetricVerdict, Verdict


class Analysis:
    """Evidence of one whole ramp; every step adds to it. Look at `verdict` as often as you like.

    `fail` is final. `pass` says that the evidence holds now, with the minimum sample of this step. Without
    candidate requests in the step it is `inconclusive`; how long that may last is the caller's to bound.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self._metrics = [Metric(self.policy, name) for name in self.policy.metrics]
        self._stratum = Stratum()
        self._end: float | None = None
        self._unhealthy = 0
        # Why and by what the candidate failed; empty while it has not.
        self._failed: tuple[str, str] | None = None
        self.begin_step()

    def begin_step(self, minimum_requests: int | None = None, beta: float | None = None) -> None:
        """Start a canary step: a pass needs that many candidate requests from here on.

        beta: the chance of a wrong pass that this step accepts, if not the policy's. A step at a small weight
        risks few users and may accept more; the bound that counts is that of the last step before promotion.
        Raises BadInput for values that Policy would refuse.
        """
        self._step = self.policy.for_step(minimum_requests, beta)
        self._step_requests = 0

    def add(self, batch: Batch) -> Verdict:
        """Take in one batch. Raises BadInput if it starts before the previous one ended."""
        if self._end is not None and batch.start < self._end:
            raise BadInput(
                "batch.start",
                f"{batch.start:g} is before {self._end:g}, the end of the previous batch",
                "give every batch once and in order of time",
            )
        self._end = batch.end
        self._step_requests += batch.canary.requests
        for metric in self._metrics:
            metric.add_batch(batch)
        self._compare(batch)
        metrics = self._known()
        self._judge(metrics)
        return self._answer(metrics)

    def _compare(self, batch: Batch) -> None:
        self._stratum = self._stratum.with_batch(batch)
        if self._stratum.is_full(self.policy):
            for metric in self._metrics:
                metric.add_stratum(self._stratum.canary, self._stratum.live)
            self._stratum = Stratum()

    def health(self, slot_ok: bool) -> Verdict:
        """One health check of the candidate; too many failed in a row fail it whatever the counts say."""
        self._unhealthy = 0 if slot_ok else self._unhealthy + 1
        if self._failed is None and self._unhealthy > self.policy.failed_health_checks:
            reason = sentences.unhealthy(self._unhealthy, self.policy.failed_health_checks)
            self._failed = (reason, "health checks")
        return self.verdict

    def _judge(self, metrics: tuple[MetricVerdict, ...]) -> None:
        if self._failed is not None:
            return
        for metric in metrics:
            for strongest in metric.held("worse", "over_limit")[:1]:
                reason = sentences.failed(metric, strongest, self.policy)
                self._failed = (reason, f"{metric.metric}: {strongest.question}")
                return

    def _known(self) -> tuple[MetricVerdict, ...]:
        return tuple(metric.verdict(self._step.beta) for metric in self._metrics)

    @property
    def verdict(self) -> Verdict:
        """What the evidence says now."""
        return self._answer(self._known())

    def _answer(self, metrics: tuple[MetricVerdict, ...]) -> Verdict:
        if self._failed is not None:
            return Verdict("fail", self._failed[0], (self._failed[1],), metrics)
        held = [(metric, metric.held("not_worse", "acceptable")) for metric in metrics]
        missing = self._step.minimum_requests - self._step_requests
        if missing > 0 or not all(proofs for _, proofs in held):
            return Verdict("inconclusive", sentences.undecided(metrics, missing), (), metrics)
        reasons = [sentences.passed(metric, proofs[0], self.policy) for metric, proofs in held]
        decided = tuple(f"{metric.metric}: {proofs[0].question}" for metric, proofs in held)
        return Verdict("pass", "; ".join(reasons), decided, metrics)

    def to_json(self) -> str:
        """Everything needed to go on after a crash; its size does not grow with the number of batches."""
        return state.dump(
            state.Saved(
                policy=self.policy,
                step=self._step,
                step_requests=self._step_requests,
                end=self._end,
                unhealthy=self._unhealthy,
                failed=self._failed,
                stratum=self._stratum,
                metrics=self._metrics,
            )
        )

    @classmethod
    def from_json(cls, text: str) -> Analysis:
        """The analysis that `to_json` wrote, with the same verdict. Raises BadInput if it is not one."""
        saved = state.load(text)
        analysis = cls(saved.policy)
        analysis._step, analysis._step_requests = saved.step, saved.step_requests
        analysis._end, analysis._unhealthy, analysis._failed = saved.end, saved.unhealthy, saved.failed
        analysis._stratum, analysis._metrics = saved.stratum, saved.metrics
        return analysis
