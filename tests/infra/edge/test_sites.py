from __future__ import annotations

from pathlib import Path

import pytest

from infra.edge.sites import Sites
from infra.environment import Environment, LocalPlatform
from infra.errors import BadInput


def _sites(state: Path, *ports: int) -> Sites:
    platform = LocalPlatform(edge_ports=ports)
    return Sites(Environment(name="local", kind="local", state_folder=str(state), platform=platform))


@pytest.fixture(autouse=True)
def _state_from_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPELINE_STATE", raising=False)


def test_apps_get_the_ports_in_order_and_keep_them(tmp_path: Path) -> None:
    assert [_sites(tmp_path, 8080, 8081).port(app) for app in ("shop", "blog", "shop")] == [8080, 8081, 8080]


def test_one_app_too_many_is_told_who_has_the_ports_and_how_to_add_one(tmp_path: Path) -> None:
    sites = _sites(tmp_path, 8080)
    sites.port("shop")
    with pytest.raises(BadInput, match=r"no port left for 'blog': shop on 8080") as caught:
        sites.port("blog")
    assert "add a port to edge_ports in local.toml" in caught.value.hint


def test_a_port_that_left_the_environment_is_asked_back(tmp_path: Path) -> None:
    _sites(tmp_path, 8080).port("shop")
    with pytest.raises(BadInput, match="no longer has 8080, where 'shop' is served"):
        _sites(tmp_path, 8090).port("shop")


@pytest.mark.parametrize("text", ["", "[]", '{"shop": "x"}', '{"shop": null}'])
def test_a_damaged_book_is_named(tmp_path: Path, text: str) -> None:
    sites = _sites(tmp_path, 8080)
    sites.port("shop")
    (sites.folder / "sites.json").write_text(text)
    with pytest.raises(BadInput, match=r"sites\.json: is damaged"):
        sites.port("shop")


def test_an_app_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="app: is empty"):
        _sites(tmp_path, 8080).port(" ")
