"""What every implementation of the edge promises to whoever steers it, also where visitors are a vendor's affair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from edge_places import CaddyPlace
from tiny_app import TinyApp

from infra.edge import Edge, Route, Target
from infra.errors import BadInput, Rejected


@dataclass(frozen=True)
class Steered:
    """An edge with two versions that run and are in no slot. Visitors come to `url`."""

    edge: Edge
    first: Target
    second: Target
    url: str

    def open(self, weight: int = 0) -> None:
        """The first one live in blue, the second one in green."""
        self.edge.attach("blue", self.first)
        self.edge.make_live("blue")
        self.edge.attach("green", self.second)
        self.edge.weigh(weight)

    def served(self, count: int = 20) -> set[str]:
        """Which versions answer so many strangers."""
        found = set()
        with httpx.Client() as stranger:
            for _ in range(count):
                found.add(stranger.get(self.url).text.split()[0])
                stranger.cookies.clear()
        return found


@pytest.fixture(scope="session")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaddyPlace]:
    found = CaddyPlace(tmp_path_factory.mktemp("edge"))
    yield found
    found.close()


@pytest.fixture(params=["caddy", "vercel"])
def steered(request: pytest.FixtureRequest) -> Iterator[Steered]:
    if request.param == "vercel":
        vercel = request.getfixturevalue("vercel")
        yield Steered(vercel.edge, vercel.release("v1"), vercel.release("v2"), f"http://{vercel.twin.domain}/")
        return
    edge, port = request.getfixturevalue("caddy").open_site()
    with TinyApp("v1") as v1, TinyApp("v2") as v2:
        targets = Target("d1", v1.address, "v1"), Target("d2", v2.address, "v2")
        yield Steered(edge, *targets, f"http://127.0.0.1:{port}/")


def test_nothing_is_live_at_first(steered: Steered) -> None:
    assert steered.edge.route() == Route(None, 0, None, None)
    with pytest.raises(Rejected, match="nothing is live"):
        steered.edge.weigh(10)


def test_the_first_version_serves_everyone_once_it_is_made_live(steered: Steered) -> None:
    steered.edge.attach("blue", steered.first)
    assert steered.edge.route() == Route(None, 0, steered.first, None)
    steered.edge.make_live("blue")
    assert steered.edge.route() == Route("blue", 0, steered.first, None)
    assert steered.served() == {"v1"}


def test_a_weight_is_read_back_and_0_sends_everyone_home(steered: Steered) -> None:
    steered.open(50)
    assert steered.edge.route() == Route("blue", 50, steered.first, steered.second)
    assert steered.served(60) == {"v1", "v2"}
    steered.edge.weigh(100)
    assert (steered.edge.route().live, steered.edge.route().weight) == ("blue", 100)
    assert steered.served() == {"v2"}
    steered.edge.weigh(0)
    assert steered.edge.route() == Route("blue", 0, steered.first, steered.second)
    assert steered.served() == {"v1"}


def test_the_candidate_is_made_live_and_the_one_before_again(steered: Steered) -> None:
    steered.open(50)
    steered.edge.make_live("green")
    assert steered.edge.route() == Route("green", 0, steered.first, steered.second)
    assert steered.served() == {"v2"}
    steered.edge.make_live("blue")
    assert steered.edge.route() == Route("blue", 0, steered.first, steered.second)
    assert steered.served() == {"v1"}


def test_each_change_may_be_repeated(steered: Steered) -> None:
    for _ in range(2):
        steered.edge.attach("blue", steered.first)
    for _ in range(2):
        steered.edge.make_live("blue")
    for _ in range(2):
        steered.edge.attach("green", steered.second)
    for _ in range(2):
        steered.edge.weigh(10)
    assert steered.edge.route() == Route("blue", 10, steered.first, steered.second)
    for _ in range(2):
        steered.edge.detach("green")
    assert steered.edge.route() == Route("blue", 0, steered.first, None)


def test_slots_with_visitors_are_neither_filled_nor_emptied(steered: Steered) -> None:
    steered.open(10)
    before = steered.edge.route()
    with pytest.raises(Rejected, match=r"slot blue .* is live"):
        steered.edge.attach("blue", steered.second)
    with pytest.raises(Rejected, match=r"slot green .* has weight 10"):
        steered.edge.attach("green", steered.first)
    with pytest.raises(Rejected, match=r"slot blue .* is live"):
        steered.edge.detach("blue")
    assert steered.edge.route() == before


def test_an_empty_slot_is_not_made_live_and_gets_no_weight(steered: Steered) -> None:
    steered.edge.attach("blue", steered.first)
    steered.edge.make_live("blue")
    with pytest.raises(Rejected, match=r"slot green .* is empty"):
        steered.edge.make_live("green")
    with pytest.raises(Rejected, match="slot green is empty"):
        steered.edge.weigh(10)
    assert steered.served() == {"v1"}


@pytest.mark.parametrize("weight", [-1, 101, 2.5, True])
def test_what_is_no_weight_is_refused_and_changes_nothing(steered: Steered, weight: int) -> None:
    steered.open()
    with pytest.raises(BadInput, match="weight"):
        steered.edge.weigh(weight)
    assert steered.edge.route().weight == 0
