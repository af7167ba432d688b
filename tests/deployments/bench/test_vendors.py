"""The vendors' figures: every call is counted once, and the mood matrix finds what is illegal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from deployments.bench.vendors import _counted, vendor_figures
from deployments.bench.vendors_moods import WEATHER, Action, Cell, Ground, try_all
from deployments.bench.vendors_vercel import ACTIONS, vercel_ground
from deployments.twins.contract import Checked
from deployments.twins.documents import documents_folder
from deployments.twins.server import Twin, route
from deployments.twins.vercel_place import VercelPlace, object_store
from deployments.twins.wire import Reply, Request
from infra.errors import BadInput, PipelineError, Unknown
from infra.http import Api, Call, Patience, Service
from infra.http.read_back import settle

ADD = Call("Jar", "addCoin", "POST", "/coins")
COUNT = Call("Jar", "countCoins", "GET", "/coins")


class Jar(Twin):
    """A vendor that only counts."""

    coins = 0

    @route("POST", "/coins", "addCoin")
    def add(self, _request: Request) -> Reply:
        self.coins += 1
        return Reply(200, {"coins": self.coins})

    @route("GET", "/coins", "countCoins")
    def count(self, _request: Request) -> Reply:
        return Reply(200, {"coins": self.coins})


@dataclass
class Place:
    """A jar and who asks it."""

    twin: Jar
    api: Api

    def coins(self) -> int:
        return int(self.api.ask(COUNT).data["coins"])

    def add_blindly(self) -> None:
        """As nobody should: twice, when the answer to the first is lost."""
        with suppress(Unknown):
            self.api.ask(ADD)
            return
        self.api.ask(ADD)

    def add_with_care(self) -> None:
        settle(lambda: self.api.ask(ADD).data, lambda: self.coins() > 0, pause_seconds=0.01)


def jar_ground() -> Ground[Place]:
    def api(twin: Jar) -> Api:
        return Api(Service("Jar", twin.url, SecretStr(twin.token), {}, Patience(2, 1, 0.01), 0.3))

    @contextmanager
    def open_place() -> Iterator[Place]:
        with Jar() as twin:
            yield Place(twin, api(twin))

    return Ground("jar", open_place, lambda place: place.twin, lambda place: Place(place.twin, api(place.twin)))


def tried(act: str) -> list[Cell]:
    def once(place: Place) -> None:
        if not place.coins():
            getattr(place, act)()

    return list(try_all(jar_ground(), (Action("add", lambda _place: None, once, Place.coins),)))


def test_a_write_that_is_repeated_blindly_is_found_in_the_matrix() -> None:
    illegal = [(cell.operation, cell.weather, cell.lasting) for cell in tried("add_blindly") if cell.problem]
    assert ("addCoin", "lost", False) in illegal


def test_a_write_that_reads_back_is_legal_in_every_weather() -> None:
    cells = tried("add_with_care")
    assert [cell for cell in cells if cell.problem] == []
    assert len(cells) == 2 * 2 * len(WEATHER)


def test_an_error_that_is_none_of_ours_is_illegal() -> None:
    def act(place: Place) -> None:
        try:
            place.api.ask(ADD)
        except PipelineError as error:
            raise KeyError("coins") from error

    cells = try_all(jar_ground(), (Action("add", lambda _place: None, act, lambda _place: 0),))
    assert any("raised KeyError" in cell.problem for cell in cells)


def test_every_call_is_validated_outside_wrong_or_never_made() -> None:
    calls = [
        Call("Jar", "a", "GET", "/a", "jar.json"),
        Call("Jar", "b", "GET", "/b", "jar.json", outside_fields=("x",)),
        Call("Jar", "c", "GET", "/c", "jar.json"),
        Call("Jar", "d", "GET", "/d", outside="the vendor's own tool"),
    ]
    checked = [Checked("a", "jar.json", ()), Checked("b", "jar.json", ()), Checked("c", "jar.json", ("no",))]
    found = _counted(calls, checked)
    assert (found["calls"], found["validated"], found["outside"]) == (4, 1, 2)
    assert found["wrong"] == {"c": "no"}
    assert found["never_made"] == ["d"]


def test_the_figures_have_a_row_for_each_vendor() -> None:
    if documents_folder() is None:
        pytest.skip("the vendors' documents are not here")
    found = vendor_figures(print, "calls")["vendors"]
    assert sorted(found) == ["cloudflare", "github", "supabase", "vercel"]
    for row in found.values():
        assert row["calls"] == row["validated"] + row["outside"]
        assert row["wrong"] == {}


def test_a_part_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match="'weather' is no part of it"):
        vendor_figures(print, "weather")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_everything_that_we_ask_of_vercel_is_legal_in_every_weather(
    tmp_path: Path, action: Action[VercelPlace]
) -> None:
    with object_store(tmp_path) as objects:
        assert [cell for cell in try_all(vercel_ground(objects), (action,)) if cell.problem] == []
