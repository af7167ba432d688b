"""What cannot be right is refused by name, before it can become a verdict."""

from __future__ import annotations

import math

import pytest

from infra.errors import BadInput
from tasks.analysis import Analysis, Batch, Counts, Policy

OK = Counts(10, 0)


@pytest.mark.parametrize("value", [-1, 1.0, float("nan"), True, "7", None])
@pytest.mark.parametrize("field", ["requests", "failures", "slow"])
def test_a_count_that_is_not_a_whole_number_is_refused_by_name(field: str, value: object) -> None:
    counts = {"requests": 10, "failures": 0, "slow": 0, field: value}
    with pytest.raises(BadInput, match=f"^{field}: .* is not a count") as refused:
        Counts(**counts)
    assert refused.value.field == field


@pytest.mark.parametrize(("field", "counts"), [("failures", (3, 4, 0)), ("slow", (3, 0, 4))])
def test_more_bad_requests_than_requests_are_refused(field: str, counts: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput, match=f"^{field}: 4 of only 3 requests"):
        Counts(*counts)


@pytest.mark.parametrize(
    ("field", "start", "seconds"),
    [("batch.start", math.nan, 1.0), ("batch.seconds", 0.0, 0.0), ("batch.seconds", 0.0, math.inf)],
)
def test_a_batch_needs_a_time_and_a_length(field: str, start: float, seconds: float) -> None:
    with pytest.raises(BadInput, match=f"^{field}: "):
        Batch(start, seconds, OK, OK)


@pytest.mark.parametrize("start", [0.0, 9.0, -5.0])
def test_a_repeated_or_late_batch_is_refused_and_changes_nothing(start: float) -> None:
    analysis = Analysis()
    analysis.add(Batch(0.0, 10.0, OK, OK))
    before = analysis.to_json()
    with pytest.raises(BadInput, match=r"^batch.start: .* is before 10, the end of the previous batch"):
        analysis.add(Batch(start, 10.0, Counts(10, 10), OK))
    assert analysis.to_json() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alpha", 0.0),
        ("alpha", math.nan),
        ("beta", 1.0),
        ("error_rate", "0.05"),
        ("slow_rate", 5),
        ("margin", 1.0),
        ("margin", math.inf),
        ("acceptable_rate", 0.0),
        ("acceptable_rate", 0.05),
        ("minimum_requests", 0),
        ("minimum_requests", 1.5),
        ("failed_health_checks", -1),
        ("stratum_seconds", 0.0),
        ("stratum_requests", True),
    ],
)
def test_a_policy_that_cannot_be_right_is_refused_by_field(field: str, value: object) -> None:
    with pytest.raises(BadInput) as refused:
        Policy(**{field: value})
    assert refused.value.field == field
    assert refused.value.hint


@pytest.mark.parametrize("metrics", [(), ("failures", "failures")])
def test_metrics_are_named_once_each(metrics: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match=r"^metrics: "):
        Policy(metrics=metrics)


def test_a_misnamed_metric_is_refused_and_never_passes() -> None:
    with pytest.raises(BadInput, match=r"^metrics: unknown metric 'failure'") as refused:
        Policy(metrics=("failure",))
    assert "failures, slow" in refused.value.hint
    with pytest.raises(BadInput, match=r"unknown metric 'p99'"):
        Analysis().verdict.metric("p99")
    with pytest.raises(BadInput, match=r"'slow' is not watched"):
        Analysis(Policy(metrics=("failures",))).verdict.metric("slow")


def test_alpha_is_spent_once_however_many_metrics_are_watched() -> None:
    for metrics in [("failures",), ("slow",), ("failures", "slow")]:
        policy = Policy(metrics=metrics)
        assert sum(policy.share(name) for name in metrics) == pytest.approx(1.0)
