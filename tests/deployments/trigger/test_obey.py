"""What a trigger makes of a server that is silent, refuses, loses answers or talks nonsense."""

from __future__ import annotations

import io
import os
import signal
import threading
import time

import pytest
from moody_server import DROP, RUN, Mood, line, moody

from deployments.prefect_wire import NotAllowed
from deployments.trigger import obey as obeying
from deployments.trigger import watch_run
from deployments.trigger.job_log import JobLog
from deployments.trigger.obey import EndNotSeen, Job, ask_back, obey
from deployments.trigger.order import Order
from deployments.trigger.silence import OutOfReach
from infra.errors import BadInput, Unknown
from infra.ports import free_port
from tasks.outcomes import WAY_BACK_FAILED_LINE

ORDER = Order("release", "tiny", {"ref": "v1"}, "github/acme/app/7/1")
HTML = b"<html>please log in</html>"
NO_SUCH = b'{"exception_message": "there is none"}'  # as Prefect says it


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once."""
    monkeypatch.setattr(watch_run, "POLL_SECONDS", 0.05)


def job(url: str, silence_seconds: float = 5, order: Order = ORDER) -> tuple[Job, io.StringIO]:
    said = io.StringIO()
    return Job(order, url, silence_seconds, JobLog(True, said), {}), said


def in_good_mood(_what: str, _before: int) -> None:
    return None


def once(what: str, code: int, content: bytes, at: int = 0) -> Mood:
    """Good, but for the one question."""
    return lambda asked, before: (code, content) if (asked, before) == (what, at) else None


def test_the_end_is_read_from_the_server() -> None:
    with moody(in_good_mood) as (_, url):
        todo, said = job(url)
        assert obey(todo) == 0
    assert "Promoted" in said.getvalue()


BORNE = {
    "503 at the start": once("name", 503, b"starting"),
    "500 at the creation": once("create_flow_run", 500, b"no database"),
    "too many requests": once("flow_run", 429, b"slower"),
    "the answer to the start is lost": once("create_flow_run", 0, DROP),
    "a login page in the middle": once("flow_run", 200, HTML),
    "a redirection in the middle": once("task_runs", 302, b""),
    "the state of another run": once("flow_run", 200, b'{"id": "other", "name": "x", "state_type": "COMPLETED"}'),
    "a list for a run": once("flow_run", 200, b"[]"),
    "null for the stages": once("task_runs", 200, b"null"),
    "a login page for the creation": once("create_flow_run", 200, HTML),
    "a level that is a word": once(
        "logs", 200, b'[{"timestamp": 1, "level": "high", "message": 2, "task_run_id": null}]'
    ),
    "seconds that are a word": once("task_runs", 200, b'[{"id": "t", "name": "n", "total_run_time": "long"}]'),
    "a proxy's page for a run that it does not know": once("flow_run", 404, HTML),
    "a proxy's page instead of the creation": once("create_flow_run", 404, b""),
    "a proxy that lets nobody in while it restarts": once("task_runs", 403, HTML),
    "a proxy that says so in JSON": once("flow_run", 404, b'"not found"'),
    "half a log line": once("logs", 200, b'[{"level": 40}]'),
}


@pytest.mark.parametrize("mood", BORNE.values(), ids=BORNE)
def test_what_passes_is_borne_and_the_run_is_one(mood: Mood) -> None:
    with moody(mood) as (server, url):
        todo, _ = job(url)
        assert obey(todo) == 0
        assert len(server.runs) == 1


def test_a_server_that_is_down_is_given_up_after_the_stated_time() -> None:
    todo, said = job(f"http://127.0.0.1:{free_port()}/api", 3)
    with pytest.raises(OutOfReach, match=r"no answer from Prefect.*of 3 s") as gone:
        obey(todo)
    assert "PREFECT_API_URL" in gone.value.hint
    assert "asking again in 0.5 s" in said.getvalue()


@pytest.mark.parametrize("given", ["", "admin:expired"])
def test_a_credential_that_is_not_taken_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", given)
    with moody(lambda _what, _before: (401, b'{"exception_message":"Unauthorized"}')) as (server, url):
        todo, said = job(url, 60)
        with pytest.raises(NotAllowed, match="401") as refused:
            obey(todo)
        assert len(server.asked) == 1
        sent = server.headers[0].get("Authorization", "")
    assert sent == ("Basic YWRtaW46ZXhwaXJlZA==" if given else "")
    assert ("renew" if given else "set") in refused.value.hint
    assert "expired" not in said.getvalue()


def test_a_server_that_is_not_prefect_is_named_at_once() -> None:
    with moody(lambda _what, _before: (200, HTML)) as (_, url):
        with pytest.raises(Unknown, match="please log in") as unknown:
            obey(job(url, 60)[0])
        assert "/api" in unknown.value.hint


LOST = {
    "silence": lambda what, before: (503, b"gone") if what == "flow_run" and before else None,
    "a credential that ends": lambda what, before: (401, b"expired") if what == "flow_run" and before else None,
    "a run that is deleted": lambda what, before: (404, NO_SUCH) if what == "flow_run" and before else None,
    "nonsense for good": lambda what, before: (200, b'{"state_type": "COMPLETED"}') if what == "flow_run" else None,
}


@pytest.mark.parametrize("mood", LOST.values(), ids=LOST)
def test_an_end_that_was_not_read_is_never_a_success(mood: Mood) -> None:
    with moody(mood) as (_, url), pytest.raises(EndNotSeen, match="could not be read") as unseen:
        obey(job(url, 1.2)[0])
    assert "/runs/flow-run/" in unseen.value.hint


def test_a_start_that_was_never_answered_is_not_said_to_be_refused() -> None:
    with moody(lambda what, _before: (0, DROP) if what == "create_flow_run" else None) as (server, url):
        with pytest.raises(EndNotSeen, match="was started is not known"):
            obey(job(url, 1.2)[0])
        assert len(server.runs) == 1


def test_a_line_that_comes_late_is_told_once() -> None:
    early = b'{"timestamp": "2026-01-01T00:00:01Z", "level": 30, "message": "late", "task_run_id": null}'
    last = b'{"timestamp": "2026-01-01T00:00:02Z", "level": 20, "message": "Finished in state X", "task_run_id": null}'

    def lines(what: str, before: int) -> tuple[int, bytes] | None:
        if what != "logs":
            return None
        if before == 0:
            return 200, b"[" + last + b"]"
        return (200, b"[" + early + b"," + last + b"]") if server.asked.count("flow_run") > 3 else (200, b"[]")

    with moody(lines) as (server, url):
        todo, said = job(url)
        assert obey(todo) == 0
    assert said.getvalue().count("::warning::late") == 1
    assert said.getvalue().count("Finished in state X") == 1


def test_of_a_long_log_the_end_is_kept_and_every_warning_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_run, "MOST_LINES", 400)
    with moody(in_good_mood) as (server, url):
        server.lines = [line(f"number {n}", second=n) for n in range(1000)]
        server.lines[10]["level"] = server.lines[990]["level"] = 30
        server.lines.append(line("Finished in state X", second=1000))
        todo, said = job(url)
        assert obey(todo) == 0
    told = said.getvalue()
    assert told.count("::warning::number 10\n") == told.count("::warning::number 990\n") == 1
    assert "::group::The last 400 of 1001 lines, see the page" in told
    assert "Finished in state X" in told
    assert " number 999\n" in told
    assert " number 10\n" not in told


def test_an_unknown_flow_is_refused_before_anything_is_started() -> None:
    with (
        moody(once("name", 404, NO_SUCH)) as (server, url),
        pytest.raises(BadInput),
    ):
        obey(job(url)[0])
    assert server.runs == {}


def test_a_signal_while_the_start_is_answered_finds_the_run_by_its_name_and_cancels_it() -> None:
    may_answer = threading.Event()

    def slow_to_answer(what: str, before: int) -> None:
        if what == "create_flow_run" and not before:
            server.runs[ORDER.unique] = RUN
            os.kill(os.getpid(), signal.SIGINT)
            may_answer.wait(60)

    with moody(slow_to_answer) as (server, url):
        todo, said = job(url)
        assert obey(todo) == 6, "without the answer to the start"
        assert server.is_cancelled
        may_answer.set()
    assert "asked to go back" in said.getvalue()


def test_a_signal_before_anything_was_started_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obeying, "LATE_START_SECONDS", 0.3)

    def signals(what: str, _before: int) -> None:
        if what == "name":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    with moody(signals) as (server, url):
        todo, said = job(url)
        assert obey(todo) == 6
        assert server.runs == {}
    assert "nothing was started" in said.getvalue()


def signals_at(look: int, *, then: Mood = in_good_mood) -> Mood:
    """SIGINT to this process at that look at the run; otherwise in the mood `then`."""

    def mood(what: str, before: int) -> tuple[int, bytes] | None:
        if (what, before) == ("flow_run", look):
            os.kill(os.getpid(), signal.SIGINT)
        return then(what, before)

    return mood


def test_a_cancelled_release_whose_way_back_failed_is_never_only_cancelled() -> None:
    with moody(signals_at(2)) as (server, url):
        server.looks_until_over = 10_000
        failed = line(f"{WAY_BACK_FAILED_LINE}\nTraceback: the edge is silent", level=40, second=1)
        server.lines = [failed, line("Finished in state Cancelled", second=2)]
        todo, said = job(url)
        assert obey(todo) == 5
    assert "its way back failed: see the log, then `pipeline recover` in its environment" in said.getvalue()


def test_a_cancel_whose_answer_is_lost_is_asked_again() -> None:
    with moody(signals_at(2, then=once("set_state", 0, DROP))) as (server, url):
        server.looks_until_over = 10_000
        todo, said = job(url)
        assert obey(todo) == 6
        assert server.asked.count("set_state") >= 1
    assert "asked to go back" in said.getvalue()


def test_a_second_signal_before_the_request_was_taken_ends_the_job_and_says_so() -> None:
    def gone(what: str, before: int) -> tuple[int, bytes] | None:
        if what == "set_state" and before == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return (503, b"gone") if what == "set_state" else None

    with moody(signals_at(2, then=gone)) as (server, url):
        server.looks_until_over = 10_000
        todo, said = job(url, 60)
        with pytest.raises(EndNotSeen, match="MAY NOT HAVE BEEN ASKED TO GO BACK: SIGTERM came before") as unasked:
            obey(todo)
        assert not server.is_cancelled
    assert "NOT ASKED TO GO BACK YET" in said.getvalue()
    assert f"/runs/flow-run/{RUN}" in unasked.value.hint


class Gone(io.StringIO):
    """The pipe of a person who pressed Ctrl-C: nobody reads it any more."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_release_is_asked_to_go_back_though_nobody_reads_what_is_said() -> None:
    with moody(signals_at(2)) as (server, url):
        server.looks_until_over = 10_000
        assert obey(Job(ORDER, url, 5, JobLog(False, Gone()), {})) == 6
        assert server.is_cancelled


def test_a_step_of_its_own_asks_the_run_of_this_job_to_go_back() -> None:
    with moody(in_good_mood) as (server, url):
        server.runs[ORDER.unique] = RUN
        server.looks_until_over = 10_000
        todo, said = job(url)
        assert ask_back(todo) == 6
        assert server.is_cancelled
    assert "asked to go back" in said.getvalue()


def test_a_run_that_goes_back_already_is_not_interrupted_once_more() -> None:
    on_its_way = f'{{"id": "{RUN}", "name": "tiny", "state_type": "CANCELLING"}}'.encode()
    with moody(lambda what, _before: (200, on_its_way) if what == "flow_run" else None) as (server, url):
        server.runs[ORDER.unique] = RUN
        assert ask_back(job(url)[0]) == 6
        assert "set_state" not in server.asked


def test_a_run_that_is_over_is_left_as_it_is() -> None:
    with moody(in_good_mood) as (server, url):
        server.runs[ORDER.unique] = RUN
        server.looks_until_over = 0
        assert ask_back(job(url)[0]) == 0, "promoted"
        assert not server.is_cancelled


def test_where_nothing_was_started_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obeying, "LATE_START_SECONDS", 0.3)
    with moody(in_good_mood) as (server, url):
        todo, said = job(url)
        assert ask_back(todo) == 6
        assert (server.runs, server.is_cancelled) == ({}, False)
    assert "nothing was started" in said.getvalue()


def test_a_release_that_was_promoted_before_it_heard_of_the_cancel_says_so() -> None:
    with moody(signals_at(1, then=once("set_state", 200, b'{"status": "ABORT"}'))) as (server, url):
        server.looks_until_over = 3
        todo, said = job(url)
        assert obey(todo) == 0
    assert "Promoted" in said.getvalue()
