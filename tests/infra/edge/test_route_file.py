from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.edge import Route, Slot, Target
from infra.edge.route_file import NOTHING, PATTERN, RouteFile, decode, encode, is_address
from infra.errors import PipelineError

BLUE = Target("d1", "127.0.0.1:3001", "v1")
GREEN = Target("d2", "127.0.0.1:3002", "v2")
BOTH = Route("blue", 25, BLUE, GREEN)

texts = st.text(max_size=30)
targets = st.builds(Target, texts, st.builds("127.0.0.1:{}".format, st.integers(1, 65535)), texts)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Every route that the edge's rules can lead to."""
    live: Slot | None = draw(st.sampled_from(["blue", "green", None]))
    blue, green = draw(st.none() | targets), draw(st.none() | targets)
    if live is None:
        return Route(None, 0, blue, green)
    full = draw(targets)
    blue, green = (full, green) if live == "blue" else (blue, full)
    weight = draw(st.integers(0, 100)) if blue and green else 0
    return Route(live, weight, blue, green)


@given(routes())
def test_a_route_is_read_as_it_was_written(route: Route) -> None:
    assert decode(encode(route)) == route


@given(routes(), st.data())
def test_a_route_cut_short_is_nothing_to_people_and_to_caddy(route: Route, data: st.DataObject) -> None:
    text = encode(route).rstrip("\n")
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    assert decode(cut) is None
    assert re.match(PATTERN, cut) is None


@given(routes(), st.integers(0, 0xFFFF))
def test_a_bucket_meets_green_at_0_and_100_percent_never_and_always(route: Route, bucket: int) -> None:
    found = re.match(PATTERN, encode(route))
    if route.live is None:
        assert found is None
        return
    assert found
    is_green = f"0{bucket:04x}" < found[1]
    everyone = {("blue", 0): False, ("blue", 100): True, ("green", 0): True, ("green", 100): False}
    assert is_green == everyone.get((route.live, route.weight), is_green)


def test_to_make_the_growing_slot_live_at_100_leaves_the_share_as_it_was() -> None:
    before, after = encode(replace(BOTH, weight=100)), encode(replace(BOTH, live="green", weight=0))
    assert before.splitlines()[1] == after.splitlines()[1]


def test_an_empty_slot_stands_for_the_other_one() -> None:
    assert '"edge": "00000 127.0.0.1:3001 127.0.0.1:3001 9999999999"' in encode(Route("blue", 0, BLUE, None))


@pytest.mark.parametrize(
    "text",
    [
        encode(BOTH).replace("127.0.0.1:3002 ", "x").replace('127.0.0.1:3002"', '127.0.0.1:3003"', 1),
        encode(BOTH).replace('"live": "blue"', '"live": null'),
        encode(BOTH).replace("04000", "14000"),
        encode(NOTHING).replace("null", '"blue"', 1),
        encode(BOTH).replace('"live": "blue"', '"live": "red"'),
        "[]",
        "null",
        "{}",
    ],
)
def test_a_route_that_contradicts_itself_is_none(text: str) -> None:
    assert decode(text) is None


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    file = RouteFile(tmp_path, 8080)
    file.change(lambda _: BOTH)

    def fail(_: Route) -> Route:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file.change(fail)
    assert file.read() == BOTH


def test_the_copy_is_the_same_route_with_everyone_on_the_live_slot(tmp_path: Path) -> None:
    file = RouteFile(tmp_path, 8080)
    for route in (BOTH, replace(BOTH, live="green", weight=0), Route("green", 0, None, GREEN)):
        file.change(lambda _, route=route: route)
        assert decode(file.safe.read_text()) == replace(route, weight=0)


@pytest.mark.parametrize("kept", ["route", "copy"])
def test_one_whole_file_of_the_two_mends_the_other(tmp_path: Path, kept: str) -> None:
    file = RouteFile(tmp_path, 8080)
    file.change(lambda _: BOTH)
    (file.safe if kept == "route" else file.path).write_text("garbage")
    file.prepare()
    assert file.read() == (BOTH if kept == "route" else replace(BOTH, weight=0))
    assert decode(file.safe.read_text()) == replace(BOTH, weight=0)


def test_two_damaged_files_are_an_error_that_names_them(tmp_path: Path) -> None:
    file = RouteFile(tmp_path, 8080)
    file.path.write_text("x")
    file.safe.write_text("x")
    with pytest.raises(PipelineError, match="both damaged") as caught:
        file.change(lambda route: route)
    assert str(file.path) in caught.value.hint


def test_no_file_is_an_empty_route(tmp_path: Path) -> None:
    assert RouteFile(tmp_path, 8080).read() == NOTHING


@pytest.mark.parametrize("address", ["127.0.0.1:1", "app-1.internal:65535", "[::1]:3000"])
def test_addresses_that_exist(address: str) -> None:
    assert is_address(address)
