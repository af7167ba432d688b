"""The cache is emptied and the shield raised and lowered, against Cloudflare's twin; without a CDN nothing happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from deployments.twins.cloudflare import ZONE, CloudflareTwin
from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_place import VercelPlace, settings_for
from infra.cdn.cloudflare import CloudflareCdn
from infra.config import parse_table
from infra.edge.vercel_attack_mode import VercelAttackMode
from infra.environment import Environment
from infra.errors import BadInput, Unknown
from infra.http import Patience
from infra.incidents.stored import StoredIncidents
from infra.objects import StoredObject
from tasks import purge_cache, raise_shield


@dataclass
class Shelf:
    """An object store in memory."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, content: bytes, content_type: str = "") -> None:
        self.kept[key] = content

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def list(self, prefix: str) -> list[StoredObject]:
        return [StoredObject(key, 1, 0.0) for key in sorted(self.kept) if key.startswith(prefix)]

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    def link(self, key: str, seconds: int = 1) -> str:
        return key


@dataclass
class World:
    """What the stages see."""

    twin: CloudflareTwin
    environment: Environment
    shelf: Shelf
    release: Any


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with CloudflareTwin() as twin:
        monkeypatch.setenv("T_CLOUDFLARE_TOKEN", twin.token)
        table = {
            "name": "staging",
            "kind": "staging",
            "cloudflare": {
                "zone": ZONE,
                "token": "env:T_CLOUDFLARE_TOKEN",
                "api": twin.url,
                "domains": ["app.example.com"],
                "purge_tags": ["app", "pages"],
            },
        }
        environment = parse_table(Environment, table, "staging.toml")
        assert environment.cloudflare
        shelf = Shelf()
        cdn = CloudflareCdn(environment.cloudflare, Patience(2, 1, 0.01))
        monkeypatch.setattr(raise_shield, "load_environment", lambda _name: environment)
        monkeypatch.setattr(raise_shield, "shield_of", lambda _environment: cdn)
        monkeypatch.setattr(raise_shield, "objects_of", lambda _environment: shelf)
        yield World(twin, environment, shelf, _Seen(cdn, environment, shelf))


@dataclass
class _Seen:
    """A release as far as the purge looks at it."""

    cdn: CloudflareCdn | None
    settings: Environment
    shelf: Shelf
    id: str = "v2-1"
    app: str = "shop"
    environment: str = "staging"

    @property
    def platform(self) -> Any:
        return self

    @property
    def incidents(self) -> StoredIncidents:
        return StoredIncidents(self.shelf)


def test_a_purge_forgets_what_the_environment_names(world: World) -> None:
    assert purge_cache.purge_cache.fn(world.release) == "2 tags and 0 URLs were purged"
    assert world.twin.state.purges == [{"tags": ["app", "pages"]}]
    assert world.shelf.kept == {}


def test_a_purge_may_be_done_again(world: World) -> None:
    for _ in range(2):
        purge_cache.purge_cache.fn(world.release)
    assert world.twin.state.purges == [{"tags": ["app", "pages"]}] * 2


def test_a_purge_that_fails_takes_nobody_back_and_opens_an_incident(world: World) -> None:
    world.twin.moods.set("zone-purge", "failing", times=-1)
    assert "THE CACHE WAS NOT PURGED" in purge_cache.purge_cache.fn(world.release)
    (incident,) = StoredIncidents(world.shelf).list()
    assert incident.severity == "P3"
    assert "by hand" in incident.title


def test_without_a_cdn_the_purge_says_so(world: World) -> None:
    local = replace(world.release, cdn=None, environment="local")
    assert purge_cache.purge_cache.fn(local) == "local has no cache in front"
    assert world.twin.log == []


def test_the_shield_is_lowered_to_where_it_was(world: World) -> None:
    world.twin.state.level = "high"
    raise_shield.raise_shield.fn("staging", "mo", "a flood")
    raise_shield.raise_shield.fn("staging", "mo", "still")
    assert world.twin.state.level == "under_attack"
    assert "back at 'high'" in raise_shield.lower_shield.fn("staging", "mo", "over")
    assert world.twin.state.level == "high"
    assert world.shelf.kept == {}


def test_lowering_what_was_never_raised_is_harmless(world: World) -> None:
    assert "is not shielded: it is at 'medium'" in raise_shield.lower_shield.fn("staging", "mo", "?")
    assert world.twin.calls("zone-settings-edit-single-setting") == []


def test_a_shield_raised_in_the_dashboard_is_lowered_to_the_usual(world: World) -> None:
    world.twin.state.level = "under_attack"
    raise_shield.lower_shield.fn("staging", "mo", "over")
    assert world.twin.state.level == "medium"


def test_a_lost_answer_leaves_a_note_to_lower_by(world: World) -> None:
    world.twin.state.level = "low"
    world.twin.moods.set("zone-settings-edit-single-setting", "lost", times=-1)
    with pytest.raises(Unknown):
        raise_shield.raise_shield.fn("staging", "mo", "a flood")
    world.twin.moods.clear()
    raise_shield.lower_shield.fn("staging", "mo", "over")
    assert world.twin.state.level == "low"


def test_an_environment_without_a_shield_refuses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raise_shield, "shield_of", lambda _environment: None)
    with pytest.raises(BadInput, match="'staging' has no shield"):
        raise_shield.raise_shield.fn("staging", "mo", "a flood")


@pytest.fixture
def behind_vercel(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[VercelTwin]:
    """The same environment with Vercel's attack mode as its shield."""
    with VercelTwin() as twin:
        mode = VercelAttackMode(VercelPlace(twin, world.shelf, tmp_path).project)
        monkeypatch.setattr(raise_shield, "shield_of", lambda _environment: mode)
        yield twin


def test_vercels_attack_mode_is_placed_extended_and_lifted(world: World, behind_vercel: VercelTwin) -> None:
    assert "it was at 'off'" in raise_shield.raise_shield.fn("staging", "mo", "a flood")
    first = behind_vercel.attack_mode_until
    raise_shield.raise_shield.fn("staging", "mo", "still")
    assert first is not None
    assert behind_vercel.attack_mode_until is not None
    assert behind_vercel.attack_mode_until >= first
    assert "back at 'off'" in raise_shield.lower_shield.fn("staging", "mo", "over")
    assert not behind_vercel.attack_mode
    assert world.shelf.kept == {}
    assert world.twin.log == [], "Cloudflare was not asked"


def test_a_level_that_was_noted_at_one_vendor_is_not_given_to_another(world: World, behind_vercel: VercelTwin) -> None:
    noted = {"before": "high", "who": "mo", "reason": "a flood", "time": 1.0, "shield": "Cloudflare"}
    world.shelf.put("shield/raised.json", json.dumps(noted).encode())
    raise_shield.raise_shield.fn("staging", "mo", "a flood")
    assert "back at 'off'" in raise_shield.lower_shield.fn("staging", "mo", "over")


def test_with_both_cloudflare_is_the_shield_and_it_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with VercelTwin() as twin:
        both = world.environment.model_copy(update={"vercel": settings_for(twin)})
        monkeypatch.setattr(raise_shield, "load_environment", lambda _name: both)
        with caplog.at_level("INFO"):
            raise_shield.raise_shield.fn("staging", "mo", "a flood")
        assert world.twin.state.level == "under_attack"
        assert not twin.attack_mode
        assert "Vercel's attack mode is left as it is" in caplog.text
