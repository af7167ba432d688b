"""Why a stage is tried again: said in its own log, after silence only."""

from __future__ import annotations

import logging

import pytest
from prefect import flow

from infra.environment import Environment
from infra.errors import Rejected, Unreachable
from tasks.stage import stage

pytestmark = pytest.mark.platform


def test_a_stage_that_met_silence_says_so_before_it_is_tried_again(
    started_platform: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([Unreachable("the store is silent"), None])

    @stage("ask", tries=2)
    def ask() -> str:
        if error := next(answers):
            raise error
        return "an answer"

    @flow
    def asking() -> str:
        return ask()

    with caplog.at_level(logging.INFO):
        assert asking() == "an answer"
    assert [line for line in caplog.messages if "met silence" in line] == ["try 1 met silence: the store is silent"]


def test_a_no_is_not_asked_again(started_platform: Environment, caplog: pytest.LogCaptureFixture) -> None:
    @stage("ask for a no", tries=2)
    def ask() -> None:
        raise Rejected("no")

    @flow
    def asking() -> None:
        ask()

    with caplog.at_level(logging.INFO), pytest.raises(Rejected):
        asking()
    assert not [line for line in caplog.messages if "met silence" in line]
