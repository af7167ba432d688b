"""What a look makes of what it saw: a finding with its numbers, or good news; and never a value."""

from __future__ import annotations

import math

import pytest

from infra.hosting.vercel_variables import Difference
from infra.secret_ages import Secret
from tasks.analysis.error_budget import Budget
from tasks.gates.budget import check_error_budget
from tasks.looks import error_budget, hosting_drift, schema_drift, secret_age
from tasks.looks.secret_age import DAY_SECONDS
from tasks.outcomes import GateClosed
from tasks.take_snapshot import is_due

NOW = 1_767_225_600.0
WELL, LOW, SPENT = Budget(0.999, 100_000, 75), Budget(0.999, 100_000, 76), Budget(0.999, 1000, 1)


def test_a_secret_is_too_old_the_day_after_its_last_and_one_without_an_age_is_only_named() -> None:
    secrets = [
        Secret("env:B"),
        Secret("variable API_KEY at Vercel (production)", NOW - 90 * DAY_SECONDS),
        Secret("block:secret/old", NOW - 91 * DAY_SECONDS),
        Secret("env:A"),
        Secret("env:A"),
    ]
    look = secret_age.judge(secrets, 90, NOW)
    assert [one.what for one in look.findings] == ["block:secret/old is 91 days old, over 90"]
    assert look.fact == "the oldest of 2 is 91 days old; not known how old: env:A, env:B"
    assert secret_age.judge([Secret("env:A")], 90, NOW).fact == "none can tell its age; not known how old: env:A"


@pytest.mark.parametrize(("budget", "severity"), [(LOW, None), (SPENT, "P2")])
def test_a_budget_is_told_below_a_quarter_and_an_incident_once_it_is_spent(
    budget: Budget, severity: str | None
) -> None:
    finding = error_budget.judge("shop", budget, 30)
    assert finding is not None
    assert finding.severity == severity
    assert f"{budget.failures} of {budget.requests} requests failed within 30 days" in finding.what


def test_a_budget_with_a_quarter_left_is_good_news() -> None:
    assert error_budget.judge("shop", WELL, 30) is None
    assert error_budget.judge("shop", Budget(0.999, 0, 0), 30) is None, "nobody came"


def test_the_gate_on_the_budget_closes_once_it_is_spent_and_only_where_it_is_to() -> None:
    assert check_error_budget("shop", LOW, 30, "close").startswith("24.0% left: 76 of 100000")
    assert check_error_budget("shop", Budget(0.999, 0, 0), 30, "close").startswith("100.0% left")
    assert "SPENT (0.0%)" in check_error_budget("shop", SPENT, 30, "tell")
    with pytest.raises(GateClosed, match=r"error budget: shop has 0\.0% left: 1 of 1000 .* 1\.0 may"):
        check_error_budget("shop", SPENT, 30, "close")


def test_every_variable_that_is_not_as_it_should_be_is_a_finding() -> None:
    compared = [
        Difference(key, "production", state)
        for key, state in (("A", "same"), ("B", "differs"), ("C", "missing"), ("D", "unknown"))
    ]  # type: ignore[arg-type]
    found = hosting_drift.different(compared)
    assert [one.what.split()[0] for one in found] == ["B", "C", "D"]
    assert {one.severity for one in found} == {"P3"}


def test_of_many_parts_the_first_are_named_and_the_rest_counted() -> None:
    assert schema_drift.shown(["a", "b"]) == "a; b"
    assert schema_drift.shown([str(n) for n in range(7)]) == "0; 1; 2; 3; 4 and 2 more"


def test_a_copy_is_due_once_half_of_what_may_be_lost_would_be() -> None:
    assert not is_due(1800, 3600).is_due
    assert is_due(1801, 3600).is_due
    assert is_due(math.inf, 3600).fact == "a loss now would cost everything: there is no copy; a copy is due at 1800 s"
