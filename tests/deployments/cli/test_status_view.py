"""What the status says of each app, to people and of a platform that does not answer."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from deployments.cli.status_view import AppStatus, Held, InFlight, apps_of, table_of
from infra.edge.sites import Sites
from infra.environment import Environment, LocalPlatform

PORTS = LocalPlatform(edge_ports=(34_901, 34_902), edge_admin_port=34_903, object_store_port=34_904)
NOON = 1_767_268_800.0
BUSY = AppStatus(
    "shop",
    "http://127.0.0.1:34901",
    "v1",
    "v2",
    25,
    (("one-click", 5),),
    Held("Ann", NOON, "phones ring"),
    InFlight("v2-1", "v2", NOON, ("canary 25 %",), "run", "http://127.0.0.1/runs/run"),
)


def shown(*apps: AppStatus) -> str:
    text = io.StringIO()
    Console(file=text, width=250).print(table_of(list(apps)))
    return text.getvalue()


def test_people_see_versions_weight_flags_release_and_hold_in_one_line() -> None:
    line = shown(BUSY).splitlines()[1]
    for words in (
        "shop",
        "v1",
        "v2",
        "25 %",
        "one-click 5 %",
        "v2 since 12:00:00 UTC: canary 25 %",
        "by Ann since 12:00:00 UTC: phones ring",
    ):
        assert words in line


def test_an_app_at_rest_shows_no_weight_and_no_release() -> None:
    assert shown(AppStatus("shop", live="v1")).splitlines()[1].split() == ["shop", "v1", "-"]


def test_what_cannot_be_asked_is_said_and_hides_no_other_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path))
    environment = Environment(name="local", kind="local", platform=PORTS)
    for app in ("shop", "news"):
        Sites(environment).port(app)
    found = apps_of(environment)
    assert [one.app for one in found] == ["news", "shop"]
    assert all(one.problem for one in found)
    assert shown(*found).count("not known: ") == 2
