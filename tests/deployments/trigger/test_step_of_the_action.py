"""The very line of the action, against a real Prefect server."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from conftest import Tiny
from steps import push

pytestmark = [pytest.mark.platform, pytest.mark.slow]


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_a_push_is_released_and_the_job_tells_all_of_it(tiny: Tiny) -> None:
    done = tiny.push("talks").run()
    assert done.code == 0, done.log
    assert tiny.did("talks") == ["began"]
    assert "unit tests: Completed" in done.log
    assert "| watch | Completed |" in done.summary
    assert "Promoted" in done.summary
    assert "/runs/flow-run/" in done.summary
    assert "outcome<<" in done.outputs
    warned = [line for line in done.log.splitlines() if line.startswith("::warning")]
    said = "slow at app/main.py:7: #\\#[add-path]/tmp/evil%0A::error::not ours"
    assert warned == [f"::warning title=watch,file=app/main.py,line=7::{said}"]
    obeyed = {line.split("::")[1].split(" ")[0] for line in done.log.splitlines() if line.strip().startswith("::")}
    assert obeyed == {"group", "endgroup", "warning", "notice"}
    assert "##[" not in done.log


@pytest.mark.parametrize(("ref", "code"), [("gate", 3), ("bad", 4), ("worse", 5), ("refused", 2)])
def test_the_job_ends_as_the_release_ends(tiny: Tiny, ref: str, code: int) -> None:
    done = tiny.push(ref).run()
    assert done.code == code, done.log
    assert f"{ref}: 3 of 107 requests failed" in done.log
    assert f"{code}\n" in done.outputs


def test_a_cancelled_job_has_its_release_taken_back(tiny: Tiny) -> None:
    step = tiny.push("slow").start()
    step.wait_for("watch: Running")
    step.signal(signal.SIGINT)
    step.wait_for("asked to go back")
    done = step.end()
    assert done.code == 6, done.log
    assert tiny.did("slow") == ["began", "went back"]


def test_a_job_that_is_cancelled_twice_leaves_at_once_and_its_release_still_goes_back(tiny: Tiny) -> None:
    step = tiny.push("slow-2").start()
    step.wait_for("watch: Running")
    step.signal(signal.SIGINT)
    step.wait_for("asked to go back")
    step.signal(signal.SIGTERM)
    assert step.end().code == 6
    wait_for(lambda: tiny.did("slow-2") == ["began", "went back"])


def test_the_step_for_a_cancelled_job_takes_back_what_the_killed_one_started(tiny: Tiny) -> None:
    killed = tiny.push("slow-3", GITHUB_RUN_ID="4712").start()
    killed.wait_for("watch: Running")
    killed.signal(signal.SIGKILL)
    killed.end()
    asking = tiny.step("push", push("main", "slow-3"), asks_back=True, GITHUB_RUN_ID="4712").run()
    assert asking.code == 6, asking.log
    assert "asked to go back" in asking.log
    wait_for(lambda: tiny.did("slow-3") == ["began", "went back"])


def test_the_step_for_a_cancelled_job_leaves_alone_what_may_not_be_cut(tiny: Tiny) -> None:
    done = tiny.step(
        "repository_dispatch", {"action": "process-lost", "client_payload": {"environment": "tiny"}}, asks_back=True
    ).run()
    assert done.code == 6, done.log
    assert "recover is left to go to its end" in done.log


def test_a_flow_that_may_not_be_cut_is_left_to_its_end(tiny: Tiny) -> None:
    may_end = tiny.folder / "may-end"
    inputs = {"flow": "backup", "environment": "tiny", "reason": "before the fair", "name": str(may_end)}
    step = tiny.step("workflow_dispatch", {"inputs": inputs}).start()
    step.wait_for(": Running")
    step.signal(signal.SIGTERM)
    done = step.end()
    assert done.code == 6
    assert "is left to go to its end" in done.log
    may_end.touch()
    run = done.outputs.split("\n")[1]
    wait_for(lambda: tiny.api.flow_run(run).is_over)
    assert tiny.api.flow_run(run).type == "COMPLETED"


def test_the_same_attempt_of_the_same_run_starts_nothing_twice(tiny: Tiny) -> None:
    first = tiny.push("once", GITHUB_RUN_ID="4711").run()
    second = tiny.push("once", GITHUB_RUN_ID="4711").run()
    again = tiny.push("once", GITHUB_RUN_ID="4711", GITHUB_RUN_ATTEMPT="2").run()
    assert (first.code, second.code, again.code) == (0, 0, 0)
    assert first.outputs.split("\n")[1] == second.outputs.split("\n")[1] != again.outputs.split("\n")[1]
    assert tiny.did("once") == ["began", "began"]
