"""What every implementation of the edge promises, seen from outside: by visitors, and by whoever steers it."""

from __future__ import annotations

import http.client
import math
import socket
import threading
import time
from collections import Counter
from typing import Any

import pytest
from edge_places import Shop
from visitors import Seen, Visitor, crowd, strangers

from infra.edge import Route, Target
from infra.errors import BadInput, Rejected


def test_an_app_with_nothing_live_is_answered_with_a_plain_503(shop: Shop) -> None:
    seen = Visitor(shop.port).ask()
    assert (seen.status, seen.body) == (503, "No version of this app is live here yet.\n")
    assert shop.edge.route() == Route(live=None, weight=0, blue=None, green=None)


def test_the_first_version_is_live_for_everyone_once_made_so(shop: Shop) -> None:
    shop.edge.attach("blue", shop.first)
    assert Visitor(shop.port).ask().status == 503
    shop.edge.make_live("blue")
    assert Visitor(shop.port).ask().body == "v1 0"
    assert shop.edge.route() == Route(live="blue", weight=0, blue=shop.first, green=None)


def test_each_weight_gives_the_candidate_its_share_of_new_visitors(shop: Shop) -> None:
    shop.open_with_both()
    count = 400
    for weight in (5, 25, 50, 100, 0):
        shop.edge.weigh(weight)
        assert shop.edge.route().weight == weight
        green = sum(seen.slot == "green" for seen in strangers(shop.port, count))
        expected = count * weight / 100
        # Five standard deviations of the binomial: wrong by chance once in about two million runs.
        assert abs(green - expected) <= 5 * math.sqrt(expected * (1 - weight / 100))


def test_a_weight_that_was_lent_ends_by_itself_and_a_late_renewal_brings_it_back(shop: Shop) -> None:
    shop.open_with_both()
    assert shop.edge.lease(1)
    shop.edge.weigh(100)
    assert {seen.slot for seen in strangers(shop.port, 5)} == {"green"}
    until = shop.edge.route().until
    assert until is not None
    while time.time() < until + 1:
        time.sleep(0.05)
    assert {seen.slot for seen in strangers(shop.port, 5)} == {"blue"}, "nobody did anything"
    assert (shop.edge.route().weight, shop.edge.route().until) == (0, None)
    shop.edge.lease(60)
    assert {seen.slot for seen in strangers(shop.port, 5)} == {"green"}


def test_what_is_made_live_is_given_and_not_lent(shop: Shop) -> None:
    shop.open_with_both()
    shop.edge.lease(1)
    shop.edge.weigh(5)
    shop.edge.make_live("green")
    assert shop.edge.route() == Route(live="green", weight=0, blue=shop.first, green=shop.second)


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
def test_a_lease_needs_a_sensible_time(shop: Shop, seconds: float) -> None:
    with pytest.raises(BadInput, match="seconds"):
        shop.edge.lease(seconds)


def test_a_visitor_never_leaves_the_slot_that_grows_and_everyone_leaves_it_at_0(shop: Shop) -> None:
    shop.open_with_both()
    visitors = [Visitor(shop.port) for _ in range(60)]
    on_green: set[int] = set()
    for weight in (5, 25, 50, 75, 100):
        shop.edge.weigh(weight)
        for _ in range(2):
            now = {number for number, visitor in enumerate(visitors) if visitor.ask().slot == "green"}
            assert on_green <= now
            on_green = now
    assert len(on_green) == 60
    shop.edge.weigh(0)
    assert {visitor.ask().slot for visitor in visitors} == {"blue"}


def test_making_the_candidate_live_at_weight_100_moves_nobody(shop: Shop) -> None:
    shop.open_with_both(100)
    shop.edge.make_live("green")
    assert {seen.slot for seen in strangers(shop.port, 60)} == {"green"}
    assert shop.edge.route() == Route(live="green", weight=0, blue=shop.first, green=shop.second)
    shop.edge.weigh(100)
    assert {seen.slot for seen in strangers(shop.port, 60)} == {"blue"}


def test_making_the_live_slot_live_again_takes_the_weight_from_the_other(shop: Shop) -> None:
    shop.open_with_both(50)
    shop.edge.make_live("blue")
    assert shop.edge.route() == Route(live="blue", weight=0, blue=shop.first, green=shop.second)


def test_each_change_may_be_repeated(shop: Shop) -> None:
    for _ in range(2):
        shop.edge.attach("blue", shop.first)
    for _ in range(2):
        shop.edge.make_live("blue")
    for _ in range(2):
        shop.edge.attach("green", shop.second)
    for _ in range(2):
        shop.edge.weigh(25)
    assert shop.edge.route() == Route(live="blue", weight=25, blue=shop.first, green=shop.second)
    for _ in range(2):
        shop.edge.detach("green")
    assert shop.edge.route() == Route(live="blue", weight=0, blue=shop.first, green=None)


def test_a_slot_with_visitors_is_not_filled_anew(shop: Shop) -> None:
    shop.open_with_both(25)
    before = shop.edge.route()
    with pytest.raises(Rejected, match=r"slot blue .* is live"):
        shop.edge.attach("blue", shop.second)
    with pytest.raises(Rejected, match=r"slot green .* has weight 25"):
        shop.edge.attach("green", shop.first)
    assert shop.edge.route() == before


def test_the_live_slot_is_not_emptied(shop: Shop) -> None:
    shop.open_with_both()
    with pytest.raises(Rejected, match=r"slot blue .* is live"):
        shop.edge.detach("blue")
    assert Visitor(shop.port).ask().body == "v1 0"


def test_no_visitor_is_sent_to_an_empty_slot(shop: Shop) -> None:
    with pytest.raises(Rejected, match="nothing is live"):
        shop.edge.weigh(5)
    with pytest.raises(Rejected, match=r"slot green .* is empty"):
        shop.edge.make_live("green")
    shop.edge.attach("blue", shop.first)
    shop.edge.make_live("blue")
    with pytest.raises(Rejected, match="slot green is empty"):
        shop.edge.weigh(5)
    shop.edge.weigh(0)
    assert {seen.body for seen in strangers(shop.port, 20)} == {"v1 0"}


@pytest.mark.parametrize("weight", [-1, 101, 2.5, True, "5", None])
def test_a_weight_that_is_no_percentage_is_refused(shop: Shop, weight: Any) -> None:
    with pytest.raises(BadInput, match="weight: is"):
        shop.edge.weigh(weight)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "http://127.0.0.1:80", "a b:80"]
)
def test_an_address_that_is_not_host_and_port_is_refused(shop: Shop, address: str) -> None:
    with pytest.raises(BadInput, match=r"target\.address: is") as caught:
        shop.edge.attach("blue", Target("d1", address, "v1"))
    assert "host:port" in caught.value.hint


def test_a_slot_or_a_limit_that_does_not_exist_is_refused(shop: Shop) -> None:
    name: Any = "red"
    with pytest.raises(BadInput, match="slot: is 'red'"):
        shop.edge.make_live(name)
    with pytest.raises(BadInput, match="slow_ms: is 0"):
        shop.edge.counts(0, 0)


def test_a_candidate_that_died_costs_no_visitor_anything_and_is_charged_for_each(shop: Shop) -> None:
    shop.open_with_both(50)
    shop.v2.die()
    with crowd(shop.port, per_second=100) as seen:
        time.sleep(1)
    assert {one.status for one in seen} == {200}
    totals = shop.totals()
    assert totals["green"].failures == totals["green"].requests == sum(one.slot == "green" for one in seen) > 0
    assert totals["blue"].failures == 0


def test_a_live_version_that_died_is_stood_in_for_by_the_one_kept_warm(shop: Shop) -> None:
    shop.open_with_both()
    shop.v1.die()
    assert {(seen.status, seen.body) for seen in strangers(shop.port, 20)} == {(200, "v2 0")}


def test_nobody_is_lost_while_traffic_is_moved_and_slots_change(shop: Shop) -> None:
    shop.open_with_both()
    with crowd(shop.port, per_second=120) as seen:
        for _ in range(6):
            for weight in (5, 25, 50, 100):
                shop.edge.weigh(weight)
                time.sleep(0.02)
            shop.edge.make_live("green")
            shop.edge.detach("blue")
            shop.edge.attach("blue", shop.first)
            shop.edge.weigh(100)
            time.sleep(0.02)
            shop.edge.make_live("blue")
            shop.edge.detach("green")
            shop.edge.attach("green", shop.second)
    assert Counter(one.status for one in seen) == {200: len(seen)}
    assert {one.slot for one in seen} == {"blue", "green"}
    assert sum(counts.failures for counts in shop.totals().values()) == 0


def test_what_is_counted_is_what_visitors_saw(shop: Shop) -> None:
    shop.open_with_both(40)
    paths = ["/", "/500", "/", "/pause/150", "/"] * 20
    seen = [(path, Visitor(shop.port).ask(path)) for path in paths]
    totals = shop.totals(slow_ms=140)
    for slot, counts in totals.items():
        mine = [(path, one) for path, one in seen if one.slot == slot]
        assert counts.requests == len(mine)
        assert counts.failures == sum(one.status == 500 for _, one in mine) > 0
        assert counts.slow == sum(path == "/pause/150" for path, _ in mine) > 0
        assert counts.p95_ms >= 140
    assert sum(counts.requests for counts in totals.values()) == len(seen)


def test_each_second_is_told_once_whole_and_in_order(shop: Shop) -> None:
    shop.open_with_both(50)
    rows, told_up_to, asked = [], int(time.time()), 0
    end = time.time() + 2.5
    while time.time() < end:
        asked += Visitor(shop.port).ask().status == 200
        if int(time.time()) > told_up_to:
            now = int(time.time())
            rows += [row for row in shop.edge.counts(told_up_to, 500) if row.start < now]
            told_up_to = now
    time.sleep(1.01 - time.time() % 1)
    rows += shop.edge.counts(told_up_to, 500)
    assert sum(row.requests for row in rows) == asked
    places = [(row.start, row.slot) for row in rows]
    assert places == sorted(set(places))


def test_a_failing_answer_reaches_the_visitor_as_it_is(shop: Shop) -> None:
    shop.open_with_both(100)
    seen = Visitor(shop.port).ask("/500")
    assert (seen.status, seen.slot, seen.body) == (500, "green", "v2 0")
    assert shop.v1.asked["GET /500"] == 0


def test_a_post_that_may_have_reached_the_app_is_not_sent_again(shop: Shop) -> None:
    shop.open_with_both(100)
    assert Visitor(shop.port).ask("/reset", "POST", b"pay").status == 502
    assert (shop.v2.asked["POST /reset"], shop.v1.asked["POST /reset"]) == (1, 0)
    assert shop.totals()["green"].failures == 1


def test_a_request_that_kills_the_app_is_sent_once_to_each_slot_at_most(shop: Shop) -> None:
    shop.open_with_both(100)
    assert Visitor(shop.port).ask("/reset").status == 502
    assert shop.v2.asked["GET /reset"] <= 1
    assert shop.v1.asked["GET /reset"] <= 1


def test_a_request_that_kills_the_only_version_is_sent_to_it_once(shop: Shop) -> None:
    shop.edge.attach("blue", shop.first)
    shop.edge.make_live("blue")
    assert Visitor(shop.port).ask("/reset").status == 502
    assert shop.v1.asked["GET /reset"] == 1


def test_a_large_post_survives_a_dead_candidate_whole(shop: Shop) -> None:
    shop.open_with_both(100)
    shop.v2.die()
    assert Visitor(shop.port).ask("/", "POST", b"x" * 300_000).body == "v1 300000"


def test_an_answer_that_breaks_off_is_a_failure_and_a_visitor_who_leaves_is_none(shop: Shop) -> None:
    shop.open_with_both()
    assert Visitor(shop.port).ask("/cut").status == 0
    with socket.create_connection(("127.0.0.1", shop.port)) as leaving:
        leaving.sendall(b"GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n")
        time.sleep(0.3)
    counts = shop.totals(slow_ms=200)["blue"]
    assert (counts.requests, counts.failures, counts.slow) == (2, 1, 1)


def test_a_request_in_flight_ends_in_peace_when_its_slot_is_emptied(shop: Shop) -> None:
    shop.open_with_both(100)
    seen: list[Seen] = []
    waiting = threading.Thread(target=lambda: seen.append(Visitor(shop.port).ask("/slow")))
    waiting.start()
    time.sleep(0.3)
    assert shop.v2.asked["GET /slow"] == 1
    shop.edge.detach("green")
    waiting.join(10)
    assert [(one.status, one.slot, one.body) for one in seen] == [(200, "green", "slow")]
    assert shop.totals()["green"].failures == 0


def test_a_websocket_lives_on_through_every_change_and_is_not_slow(shop: Shop) -> None:
    shop.open_with_both(100)
    with socket.create_connection(("127.0.0.1", shop.port), timeout=10) as peer:
        peer.sendall(b"GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert peer.recv(1000).startswith(b"HTTP/1.1 101")
        for step in ("weigh", "detach", "wait"):
            if step == "weigh":
                shop.edge.weigh(0)
            elif step == "detach":
                shop.edge.detach("green")
            else:
                time.sleep(0.3)
            peer.sendall(b"hello")
            assert peer.recv(1000) == b"hello"
    time.sleep(0.1)
    counts = shop.totals(slow_ms=200)["green"]
    assert (counts.requests, counts.failures, counts.slow) == (1, 0, 0)


def test_server_sent_events_come_one_by_one_and_are_not_slow(shop: Shop) -> None:
    shop.open_with_both()
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=10)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    started = time.monotonic()
    assert answer.read(9) == b"data: 0\n\n"
    first = time.monotonic() - started
    assert answer.read() == b"data: 1\n\ndata: 2\n\n"
    assert first < time.monotonic() - started
    connection.close()
    assert shop.totals(slow_ms=300)["blue"].slow == 0


def test_cookies_of_the_app_stay_and_ours_comes_once(shop: Shop) -> None:
    shop.open_with_both()
    visitor = Visitor(shop.port)
    first, second = visitor.ask("/cookie"), visitor.ask("/cookie")
    ours = [cookie for cookie in first.cookies if not cookie.startswith("own=")]
    assert len(first.cookies) == 2
    assert all(part in ours[0] for part in ("HttpOnly", "SameSite=Lax", "Max-Age=", "Path=/"))
    assert second.cookies == ("own=1",)


def test_writers_at_the_same_time_lose_nothing_of_each_other(shop: Shop) -> None:
    shop.open_with_both()

    def attach_and_detach() -> None:
        for _ in range(20):
            shop.edge.attach("green", shop.second)

    def weigh() -> None:
        for _ in range(20):
            shop.edge.make_live("blue")

    threads = [threading.Thread(target=one) for one in (attach_and_detach, weigh, attach_and_detach)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert shop.edge.route() == Route(live="blue", weight=0, blue=shop.first, green=shop.second)
