"""What the command line makes of a release that somebody cancelled in Prefect's UI."""

from __future__ import annotations

import json
from threading import Timer

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
        server.lines = [line("v2 is gone: everyone is on v1"), line("Finished in state Cancelled", second=1)]
        assert end_of(server, url) == 6
    assert json.loads(capsys.readouterr().out)["outcome"] == "Cancelled"


def test_a_way_back_that_failed_is_told_even_when_the_log_comes_late(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = line(f"{WAY_BACK_FAILED_LINE}\nTraceback: the edge is silent", level=40, second=1)
    with moody(lambda _what, _before: None) as (server, url):
        late = Timer(1.5, server.lines.extend, [[failed, line("Finished in state Cancelled", second=2)]])
        server.lines.clear()
        late.start()
        assert end_of(server, url) == 5
        late.join()
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "WayBackFailed"
    assert "pipeline recover" in told["message"]
