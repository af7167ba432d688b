"""Every implementation of the edge, really running. A test gets an app of its own on a site of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from edge_places import CaddyPlace, Shop
from tiny_app import TinyApp

PLACES = {"caddy": CaddyPlace}


@pytest.fixture(scope="session", params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaddyPlace]:
    """Somewhere an edge runs, once for each implementation; the tests that use it hold for all of them."""
    found = PLACES[request.param](tmp_path_factory.mktemp("edge"))
    yield found
    found.close()


@pytest.fixture
def shop(place: CaddyPlace) -> Iterator[Shop]:
    """A new app on its own site with two versions running, none of them attached."""
    edge, port = place.open_site()
    with TinyApp("v1") as v1, TinyApp("v2") as v2:
        yield Shop(edge, port, v1, v2)
