"""A real Prefect server that wants a credential, and one that is not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import Tiny, serve, tiny_at
from steps import push

from infra.ports import free_port

GIVEN = "admin:the-right-one"
FORK = {"pull_request": {"head": {"repo": {"full_name": "eve/app"}}}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its API's URL; the tiny flows are served on it."""
    home, port = tmp_path_factory.mktemp("guarded"), free_port()
    url = f"http://127.0.0.1:{port}/api"
    variables = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (variables | {"PREFECT_API_AUTH_STRING": GIVEN}).items():
            patch.setenv(name, value)
        words = [str(Path(sys.executable).parent / "prefect"), "server", "start", "--port", str(port)]
        locked = {"PREFECT_SERVER_API_AUTH_STRING": GIVEN}
        server = subprocess.Popen(words, env={**os.environ, **locked}, stdout=subprocess.DEVNULL)
        flows = None
        try:
            _wait(url, server)
            flows = serve(url, variables)
            yield url
        finally:
            for process in filter(None, (flows, server)):
                process.send_signal(signal.SIGINT)
                process.wait(200)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            assert server.poll() is None, "the server did not start"
            assert time.monotonic() < deadline
            time.sleep(0.3)


@pytest.mark.slow
def test_the_right_credential_releases_and_a_wrong_one_is_refused_in_words(guarded: str, tmp_path: Path) -> None:
    tiny = tiny_at(guarded, tmp_path)
    assert tiny.push("well", {"prefect-api-auth-string": GIVEN, "prefect-api-url": guarded}).run().code == 0
    wrong = {"prefect-api-auth-string": "admin:the-expired-one", "silence-seconds": "600"}
    refused = tiny.push("ill", wrong).run()
    assert refused.code == 2
    assert "renew PREFECT_API_AUTH_STRING: it is wrong or expired" in refused.log
    assert "the-expired-one" not in refused.log + refused.summary + refused.outputs
    none = tiny.push("none").run()
    assert none.code == 2
    assert "set PREFECT_API_AUTH_STRING" in none.log
    assert tiny.did("ill") == tiny.did("none") == []


@pytest.fixture
def nowhere(tmp_path: Path) -> Tiny:
    """An environment whose server is down."""
    return tiny_at(f"http://127.0.0.1:{free_port()}/api", tmp_path)


def test_a_server_that_is_down_ends_the_job_with_a_code_of_its_own_and_the_fix(nowhere: Tiny) -> None:
    done = nowhere.push("v1", {"silence-seconds": "2"}).run()
    assert done.code == 7, done.log
    assert "no answer from Prefect" in done.summary
    assert "PREFECT_API_URL" in done.log
    assert "exit_code<<" in done.outputs


def test_a_forks_pull_request_is_refused_before_prefect_is_looked_for(nowhere: Tiny) -> None:
    done = nowhere.step("pull_request", FORK).run()
    assert done.code == 2
    assert "::error title=BadInput::event: a pull request from the fork eve/app starts nothing here" in done.log
    by_options = nowhere.step("pull_request", FORK, {"flow": "release", "environment": "tiny", "ref": "x"}).run()
    assert by_options.code == 2
    assert "from the fork eve/app" in by_options.log


def test_a_second_signal_after_the_first_ends_a_job_whose_server_is_down(nowhere: Tiny) -> None:
    step = nowhere.push("v1", {"silence-seconds": "600"}).start()
    step.wait_for("asking again")
    step.signal(signal.SIGINT)
    step.wait_for("NOT ASKED TO GO BACK YET")
    step.signal(signal.SIGTERM)
    done = step.end()
    assert done.code == 7
    assert "MAY NOT HAVE BEEN ASKED TO GO BACK" in done.log


def test_what_is_no_event_is_refused(nowhere: Tiny) -> None:
    for text in ("", "[]", "{"):
        step = nowhere.step("push", push("main"))
        (step.folder / "event.json").write_text(text)
        done = step.run()
        assert done.code == 2
        assert "GITHUB_EVENT_PATH" in done.log
