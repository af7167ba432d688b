"""The ground of the twins: routes, moods that are used up, and a log of what really went over the wire."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from deployments.twins.moods import EVERY_CALL, FOREVER, KINDS, Kind
from deployments.twins.server import Twin, VendorError, route
from deployments.twins.wire import Reply, Request


class Clerk(Twin):
    """Stamps papers."""

    token = "clerk"
    stamped = 0

    @route("POST", "/papers/{name}", "stamp")
    def stamp(self, request: Request) -> Reply:
        if request.values["name"] == "forged":
            raise VendorError(422, "forged", "This paper is forged")
        self.stamped += request.data["copies"] if request.body else 1
        return Reply(201, {"name": request.values["name"], "stamped": self.stamped})

    @route("GET", "/papers/all", "list")
    @route("GET", "/papers", "list")
    def papers(self, _request: Request) -> Reply:
        return Reply(200, [])

    @route("GET", "/papers/{name}", "read")
    def read(self, _request: Request) -> Reply:
        return Reply(200, {})


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    with Clerk() as found:
        yield found


def ask(clerk: Clerk, method: str = "POST", path: str = "/papers/deed", **how: object) -> httpx.Response:
    headers = {"Authorization": "Bearer clerk"}
    return httpx.request(method, clerk.url + path, headers=headers, timeout=2, **how)  # type: ignore[arg-type] # handed through


def test_a_call_acts_answers_and_is_kept(clerk: Clerk) -> None:
    answer = ask(clerk, path="/papers/last%20will", json={"copies": 2})
    assert (answer.status_code, answer.json()) == (201, {"name": "last will", "stamped": 2})
    (entry,) = clerk.log
    assert (entry.operation, entry.template, entry.mood) == ("stamp", "/papers/{name}", "")
    assert entry.request.data == {"copies": 2}


def test_the_closer_template_wins(clerk: Clerk) -> None:
    ask(clerk, "GET", "/papers/all")
    ask(clerk, "GET", "/papers/deed")
    assert [entry.operation for entry in clerk.log] == ["list", "read"]


def test_a_no_a_wrong_body_a_stranger_and_an_unknown_path_are_answered(clerk: Clerk) -> None:
    assert ask(clerk, path="/papers/forged").json() == {"error": {"code": "forged", "message": "This paper is forged"}}
    assert ask(clerk, content=b"{oops").status_code == 400
    assert ask(clerk, "GET", "/nowhere").status_code == 404
    assert httpx.post(clerk.url + "/papers/deed").status_code == 403
    assert clerk.stamped == 0


@pytest.mark.parametrize(("kind", "acts"), [("slow", 1), ("malformed", 1), ("lost", 1), ("silent", 0), ("failing", 0)])
def test_a_mood_acts_or_does_not_and_is_used_up(clerk: Clerk, kind: Kind, acts: int) -> None:
    clerk.moods.set("stamp", kind)
    try:
        ask(clerk)
    except httpx.RemoteProtocolError:
        assert kind in ("lost", "silent")
    assert clerk.stamped == acts
    assert clerk.log[0].mood == kind
    assert ask(clerk).status_code == 201, "the next call finds it in good mood"


def test_a_mood_may_last_and_may_hold_for_every_call(clerk: Clerk) -> None:
    clerk.moods.set(EVERY_CALL, "limited", times=FOREVER, seconds=7)
    for _ in range(3):
        answer = ask(clerk)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    clerk.moods.clear()
    assert ask(clerk).status_code == 201


def test_every_mood_leaves_the_twin_serving(clerk: Clerk) -> None:
    for kind in KINDS:
        clerk.moods.set("read", kind)
        try:
            ask(clerk, "GET", "/papers/deed")
        except httpx.TransportError:
            continue
    assert ask(clerk, "GET", "/papers/deed").status_code == 200


def test_callers_at_the_same_time_act_one_after_another(clerk: Clerk) -> None:
    threads = [threading.Thread(target=ask, args=(clerk,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(entry.reply.data["stamped"] for entry in clerk.log if entry.reply) == list(range(1, 21))


def test_a_body_in_chunks_is_read_whole(clerk: Clerk) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", clerk.port, timeout=2)
    chunks = iter([b'{"cop', b'ies": 3}'])
    connection.request("POST", "/papers/deed", chunks, {"Authorization": "Bearer clerk"}, encode_chunked=True)
    assert connection.getresponse().status == 201
    assert clerk.stamped == 3
    connection.close()


def test_a_closed_twin_answers_nobody(clerk: Clerk) -> None:
    clerk.close()
    started = time.monotonic()
    with pytest.raises(httpx.ConnectError):
        ask(clerk)
    assert time.monotonic() - started < 2
