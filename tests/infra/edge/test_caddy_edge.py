"""What holds for the edge on Caddy in particular: its files, its restarts, its headers."""

from __future__ import annotations

import http.client
import multiprocessing
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_places import CaddyPlace, Shop, caddy_environment
from tiny_app import TinyApp
from visitors import Visitor, strangers

from infra.edge import Route, Target
from infra.edge.caddy import CaddyEdge
from infra.edge.caddy_admin import load, read
from infra.edge.route_file import RouteFile
from infra.edge.sites import Sites
from infra.environment import Environment
from infra.errors import Rejected, Unreachable
from infra.local.edge import EdgeProxy


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Environment]:
    """An environment of two sites whose Caddy a test may end."""
    environment = caddy_environment(tmp_path, 2)
    EdgeProxy(environment).up(print)
    yield environment
    EdgeProxy(environment).down(print)


@pytest.fixture
def open_shop(alone: Environment) -> Iterator[Shop]:
    with TinyApp("v1") as v1, TinyApp("v2") as v2:
        shop = Shop(CaddyEdge(alone, "shop"), EdgeProxy(alone).site("shop"), v1, v2)
        shop.open_with_both(50)
        yield shop


@pytest.mark.parametrize(
    "damage", ["", "garbage", '{"edge": "zzzzz 127.0.0.1:1 127.0.0.1:1", "live": "green"}', "cut", None]
)
def test_a_damaged_route_sends_everyone_to_the_live_version_until_the_next_change(
    alone: Environment, open_shop: Shop, damage: str | None
) -> None:
    file = RouteFile(Sites(alone).folder, open_shop.port)
    if damage is None:
        file.path.unlink()
    else:
        file.path.write_text(file.path.read_text()[:-3] if damage == "cut" else damage)
    assert {(seen.status, seen.body) for seen in strangers(open_shop.port, 40)} == {(200, "v1 0")}
    assert open_shop.edge.route() == Route("blue", 0, open_shop.first, open_shop.second)
    open_shop.edge.weigh(100)
    assert {seen.body for seen in strangers(open_shop.port, 8)} == {"v2 0"}


def test_with_route_and_copy_damaged_visitors_get_503_and_people_an_error(alone: Environment, open_shop: Shop) -> None:
    file = RouteFile(Sites(alone).folder, open_shop.port)
    for path in (file.path, file.safe):
        path.write_text("garbage")
    assert Visitor(open_shop.port).ask().status == 503
    with pytest.raises(Exception, match="both damaged"):
        open_shop.edge.route()


def test_changes_made_while_caddy_is_down_hold_when_it_is_back(alone: Environment, open_shop: Shop) -> None:
    EdgeProxy(alone).down(print)
    with pytest.raises(Unreachable, match="did not answer"):
        open_shop.edge.route()
    open_shop.edge.weigh(0)
    EdgeProxy(alone).up(print)
    assert {seen.slot for seen in strangers(open_shop.port, 40)} == {"blue"}


def test_counts_go_on_across_a_restart_of_caddy_and_for_a_new_reader(alone: Environment, open_shop: Shop) -> None:
    strangers(open_shop.port, 20)
    assert sum(counts.requests for counts in open_shop.totals().values()) == 20
    EdgeProxy(alone).down(print)
    EdgeProxy(alone).up(print)
    strangers(open_shop.port, 20)
    assert sum(counts.requests for counts in open_shop.totals().values()) == 40
    rows = CaddyEdge(alone, "shop").counts(int(open_shop.opened), 500)
    assert sum(row.requests for row in rows) == 40


def test_a_reload_in_the_middle_keeps_the_route(alone: Environment, open_shop: Shop) -> None:
    admin = alone.platform.edge_admin_port
    load(admin, read(admin))
    assert open_shop.edge.route() == Route("blue", 50, open_shop.first, open_shop.second)
    with pytest.raises(Rejected, match="Caddy answered 400"):
        load(admin, {"apps": {"nothing": {}}})
    assert Visitor(open_shop.port).ask().status == 200


def test_one_app_does_not_feel_that_the_target_of_another_is_dead(alone: Environment, open_shop: Shop) -> None:
    other = CaddyEdge(alone, "other")
    other.attach("blue", Target("d9", "127.0.0.1:9", "v9"))
    other.make_live("blue")
    open_shop.edge.weigh(0)
    port = EdgeProxy(alone).site("other")
    before = time.time()
    assert Visitor(port).ask().status == 502
    assert time.time() - before >= 2
    assert {seen.body for seen in strangers(open_shop.port, 20)} == {"v1 0"}


def test_without_stickiness_no_cookie_is_set_and_each_request_is_drawn_anew(tmp_path: Path) -> None:
    place = CaddyPlace(tmp_path, sticky=False)
    try:
        edge, port = place.open_site()
        with TinyApp("v1") as v1, TinyApp("v2") as v2:
            Shop(edge, port, v1, v2).open_with_both(50)
            visitor = Visitor(port)
            visitor.cookies["edge-bucket-" + str(port)] = "0000"
            seen = [visitor.ask() for _ in range(40)]
        assert {one.slot for one in seen} == {"blue", "green"}
        assert not any(one.cookies for one in seen)
    finally:
        place.close()


@pytest.mark.parametrize("cookie", ["", "zzzz", "0", "00000", "{file./etc/passwd}", "ABCD"])
def test_a_cookie_that_is_not_ours_is_replaced(shop: Shop, cookie: str) -> None:
    shop.open_with_both(50)
    visitor = Visitor(shop.port)
    visitor.cookies[f"edge-bucket-{shop.port}"] = cookie
    seen = visitor.ask()
    assert seen.status == 200
    assert re.match(rf"edge-bucket-{shop.port}=[0-9a-f]{{4}};", seen.cookies[0])


def test_visitors_learn_their_slot_and_nothing_else(shop: Shop) -> None:
    shop.open_with_both()
    headers = Visitor(shop.port).ask().headers
    assert headers.pop("x-slot") == "blue"
    assert set(headers) == {"content-type", "content-length", "date", "set-cookie"}


def test_the_app_is_told_the_host_that_was_asked_for(shop: Shop) -> None:
    """And is not told by the visitor who the visitor is."""
    shop.open_with_both()
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=10)
    connection.request("GET", "/", headers={"Host": "shop.test", "X-Forwarded-For": "6.6.6.6"})
    connection.getresponse().read()
    connection.close()
    assert shop.v1.last_headers["host"] == "shop.test"
    assert shop.v1.last_headers["x-forwarded-for"] == "127.0.0.1"
    assert "accept-encoding" not in shop.v1.last_headers or shop.v1.last_headers["accept-encoding"] == "identity"


def test_the_access_log_holds_nothing_personal(alone: Environment, open_shop: Shop) -> None:
    Visitor(open_shop.port).ask("/account?token=abc123")
    Visitor(open_shop.port).ask("/cut?token=abc123")
    text = "".join(path.read_text() for path in Sites(alone).folder.glob("*.log"))
    assert '"slot":' in text
    assert not any(
        word in text for word in ("abc123", "/account", f"127.0.0.1:{open_shop.port}", "Cookie", "remote_ip")
    )


def _weigh_and_stay(environment: Environment, weight: int) -> None:
    edge = CaddyEdge(environment, "shop")
    for _ in range(25):
        edge.weigh(weight)
        edge.detach("green")
        edge.attach("green", Target("d2", "127.0.0.1:3999", "v2"))


def test_writers_in_other_processes_are_waited_for(alone: Environment, open_shop: Shop) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_weigh_and_stay, args=(alone, 0)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert open_shop.edge.route() == Route("blue", 0, open_shop.first, Target("d2", "127.0.0.1:3999", "v2"))
