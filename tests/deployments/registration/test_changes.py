"""The difference between what a server has and what is declared."""

from __future__ import annotations

from deployments.registration.changes import ABSENT, Difference, step_towards


def nothing() -> None:
    """What a step would do."""


def test_what_is_equal_takes_no_step() -> None:
    assert step_towards("deployment", "a", {"x": {"y": [1]}}, {"x": {"y": [1]}}, nothing) == []


def test_what_is_not_there_is_added_with_all_its_fields() -> None:
    (step,) = step_towards("deployment", "a", None, {"x": 1}, nothing)
    assert step.change.act == "add"
    assert step.change.differences == (Difference("x", ABSENT, "1"),)


def test_what_is_not_there_is_added_even_when_it_has_no_fields() -> None:
    assert len(step_towards("block type", "a", None, {}, nothing)) == 1


def test_each_field_that_differs_is_named_by_its_path() -> None:
    daily = {"cron": "0 2 * * *", "active": False}
    before = {"schedules": {"daily": daily, "old": {"cron": "1 1 * * *"}}, "tags": ["b"]}
    after = {"schedules": {"daily": {**daily, "active": True}}, "tags": ["b", "c"]}
    (step,) = step_towards("deployment", "a", before, after, nothing)
    assert step.change.act == "change"
    assert step.change.differences == (
        Difference("schedules.daily.active", "false", "true"),
        Difference("schedules.old", '{"cron": "1 1 * * *"}', ABSENT),
        Difference("tags", '["b"]', '["b", "c"]'),
    )
