"""What the command line makes of a release that somebody cancelled in Prefect's UI."""

from __future__ import annotations

import json

import pytest
from moody_server import RUN, Moody, line, moody

from deployments.cli.follow import follow
from deployments.prefect_api import PrefectApi
from tasks.outcomes import WAY_BACK_FAILED_LINE


def end_of(server: Moody, url: str) -> int:
    server.is_cancelled = True
    api = PrefectApi(url)
    return follow(api, api.flow_run(RUN), as_json=True)


def test_a_cancelled_release_that_went_back_is_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    with moody(lambda _what, _before: None) as (server, url):
        server.lines = [line("v2 is gone: everyone is on v1")]
        assert end_of(server, url) == 6
    assert json.loads(capsys.readouterr().out)["outcome"] == "Cancelled"


def test_a_cancelled_release_whose_way_back_failed_says_that(capsys: pytest.CaptureFixture[str]) -> None:
    with moody(lambda _what, _before: None) as (server, url):
        server.lines = [line(f"{WAY_BACK_FAILED_LINE}\nTraceback: the edge is silent", level=40)]
        assert end_of(server, url) == 5
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "WayBackFailed"
    assert "pipeline recover" in told["message"]
