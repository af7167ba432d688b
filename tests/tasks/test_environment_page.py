"""The page of an environment: what it says, and what it says when nobody answers."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.environment import Environment, Supabase, load_environment
from infra.errors import Unreachable
from infra.locks import Lock, this_process
from infra.objects import StoredObject
from tasks import environment_page, environment_text
from tasks.environment_page import page_of, show_environment, show_environment_soon
from tasks.records import Record, write_record
from tasks.release import Release

NAME = "local"


def record(name: str, standing: str = "promoted", reason: str = "it is live") -> Record:
    release = Release(name, NAME, "shop", "/repo", "main", "abcdef", name, "/folder")
    return Record(release, "run-1", standing, 1000.0, 1060.0, reason)  # type: ignore[arg-type]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """A local environment of which nothing runs."""
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path))
    return load_environment(NAME)


def test_what_cannot_be_asked_is_said_to_be_unknown_and_the_rest_is_there(
    nobody: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_environment: Environment) -> None:
        raise Unreachable("the store is silent")

    monkeypatch.setattr(environment_page, "objects_of", silent)
    page = page_of(nobody)
    assert "**Not known: the releases**: the store is silent" in page
    assert "it is free" in page


def test_a_page_that_cannot_be_written_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_environment: Environment) -> str:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(environment_page, "page_of", broken)
    assert show_environment(NAME) is False


def test_a_source_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hanging(_environment: Environment) -> str:
        answered.wait(30)
        raise Unreachable("too late")

    monkeypatch.setattr(environment_page, "page_of", hanging)
    began = time.monotonic()
    show_environment_soon(NAME, wait_seconds=0.1)
    took = time.monotonic() - began
    answered.set()
    assert took < 20


def test_who_holds_it_is_named_and_a_dead_holder_is_called_dead() -> None:
    lock = Lock(1, this_process("r-1", "release", "shop", "v2", "asked", "run-1"))
    assert "held by the release of shop v2" in environment_text.holder(lock, lambda _: True)
    assert "process is dead" in environment_text.holder(lock, lambda _: False)
    assert "free" in environment_text.holder(None, lambda _: True)


def test_the_last_releases_are_rows_that_no_reason_can_break() -> None:
    text = environment_text.last_releases([record("v2", "rolled back", "5 % | over\nthe limit")], "http://prefect")
    row = text.splitlines()[-1]
    assert row.count(" | ") == 4
    assert "5 % \\| over the limit" in row
    assert "http://prefect/runs/flow-run/run-1" in row


def test_what_is_live_comes_with_when_it_was_promoted() -> None:
    known = environment_text.Live("shop", "abcdef", record("v2"))
    text = environment_text.live([known, environment_text.Live("old", "123456", None)])
    assert "| shop | abcdef | 1970-01-01 00:17:40 UTC |" in text
    assert "| old | 123456 | before the newest releases |" in text


def test_it_leads_to_where_the_vendors_show_their_part(nobody: Environment) -> None:
    assert environment_text.places(nobody) == ""
    supabase = Supabase(project="a" * 20, token="env:T", database_url="env:U")
    there = environment_text.places(nobody.model_copy(update={"supabase": supabase}))
    assert f"https://supabase.com/dashboard/project/{'a' * 20}" in there


@dataclass
class Shelf:
    """A store of which is known when each key was written, and what was listed."""

    kept: dict[str, bytes] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)

    def put(self, key: str, content: bytes, content_type: str = "") -> None:
        self.kept.pop(key, None)
        self.kept[key] = content

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def list(self, prefix: str) -> list[StoredObject]:
        found = [StoredObject(key, 1, float(place)) for place, key in enumerate(self.kept) if key.startswith(prefix)]
        self.listed += [one.key for one in found]
        return sorted(found, key=lambda one: one.key)

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    def link(self, key: str, seconds: int = 1) -> str:
        return key


def stored(shelf: Shelf, app: str, number: int) -> None:
    """A release that ran and was promoted, with what a release leaves beside its record."""
    settings = load_environment(NAME)
    release = Release(f"v{number}", NAME, app, "/repo", "main", "abcdef", f"v{number}", "/folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Release, "platform", property(lambda _: SimpleNamespace(objects=shelf, settings=settings)))
        for standing in ("running", "promoted"):
            write_record(Record(release, "run-1", standing, 1000.0 + number))  # type: ignore[arg-type]
    for name in ("notes/1-a.json", "stage.json", "timeline/1.json"):
        shelf.put(f"releases/{app}/v{number}/{name}", b"{}")


def nothing_live(_environment: Environment, app: str, _records: list[Record]) -> environment_text.Live:
    """As an edge says it that serves no version of the app."""
    return environment_text.Live(app, "", None)


def test_an_app_that_was_released_long_ago_is_live_on_the_page_too(
    nobody: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    stored(shelf, "quiet", 0)
    for number in range(1, environment_page.NEWEST + 5):
        stored(shelf, "busy", number)
    monkeypatch.setattr(environment_page, "objects_of", lambda _: shelf)
    monkeypatch.setattr(environment_page, "_live", nothing_live)
    page = page_of(nobody)
    live = page[page.index("## Live") : page.index("## Who may")]
    assert "| quiet | nothing |" in live
    assert "| busy | nothing |" in live
    assert [line[:10] for line in page.splitlines() if line.startswith("| busy v")] == [
        f"| busy v{number}" for number in range(29, 24, -1)
    ]


def test_a_page_costs_one_key_for_each_release_and_app_and_none_of_what_a_release_keeps(
    nobody: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    for number in range(3):
        stored(shelf, "shop", number)
    monkeypatch.setattr(environment_page, "objects_of", lambda _: shelf)
    page_of(nobody)
    assert sorted(shelf.listed) == ["apps/shop", "ids/v0", "ids/v1", "ids/v2"]


@pytest.mark.parametrize("content", [b"{", b"{}", b"[]", b'{"release": {"id": 1}}'])
def test_a_record_that_is_none_is_named_and_the_others_are_there(
    content: bytes, nobody: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    stored(shelf, "shop", 1)
    stored(shelf, "shop", 2)
    shelf.put("releases/shop/v1/record.json", content)
    monkeypatch.setattr(environment_page, "objects_of", lambda _: shelf)
    monkeypatch.setattr(environment_page, "_live", nothing_live)
    page = page_of(nobody)
    assert "**Not known: v1**" in page
    assert "| shop v2 | promoted |" in page
    assert "| shop | nothing |" in page


def test_a_part_that_cannot_be_read_takes_no_other_part_with_it(
    nobody: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    stored(shelf, "shop", 1)
    shelf.put("releases/shop/v1/stage.json", b"{")
    running = shelf.kept["releases/shop/v1/record.json"].replace(b'"promoted"', b'"running"')
    shelf.put("releases/shop/v1/record.json", running)
    monkeypatch.setattr(environment_page, "objects_of", lambda _: shelf)
    page = page_of(nobody)
    assert "**Not known: the release in flight**: JSONDecodeError" in page
    assert "| shop v1 | running |" in page


@pytest.mark.platform
def test_on_a_real_platform_every_part_is_known(started_platform: Environment) -> None:
    page = page_of(started_platform)
    assert "Not known" not in page
    for part in ("## Live", "## Schema", "## Who may change it", "## In flight", "## The last backup proof"):
        assert part in page
