"""The seam for environments at vendors: what is missing is named before any vendor is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.config import parse_table
from infra.environment import Environment
from infra.errors import BadInput, Rejected
from infra.platform import connect
from infra.vendor_platform import NoFlags

VARIABLES = {
    "T_TOKEN": "token-4711-planted",
    "T_BYPASS": "bypass-4711-planted",
    "T_WORD": "store-word-4711-planted",
    "T_DATABASE": "postgresql://postgres:planted-database-pw@127.0.0.1:1/postgres",
}


def table(tmp_path: Path, **more: Any) -> dict[str, Any]:
    """A whole environment; `None` takes a table out."""
    found: dict[str, Any] = {
        "name": "staging",
        "kind": "staging",
        "state_folder": str(tmp_path),
        "app": {"name": "shop", "variables": {"FEATURE_SET": "stable"}},
        "watch": {"previous_percent": 0},
        "objects": {
            "endpoint": "http://127.0.0.1:1",
            "bucket": "records",
            "backup_bucket": "backups",
            "key": "env:T_NAME",
            "secret": "env:T_WORD",
            "backup_key": "env:T_WORD",
        },
        "vercel": {
            "project": "shop",
            "domain": "shop.example.nl",
            "token": "env:T_TOKEN",
            "bypass": "env:T_BYPASS",
            "api": "http://127.0.0.1:1",
        },
        "supabase": {"project": "a" * 20, "token": "env:T_TOKEN", "database_url": "env:T_DATABASE"},
    }
    return {name: value for name, value in {**found, **more}.items() if value is not None}


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_NAME", "a-key-id-is-no-word")
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def environment(tmp_path: Path, **more: Any) -> Environment:
    return parse_table(Environment, table(tmp_path, **more), "staging.toml")


def test_an_environment_is_connected_without_asking_any_vendor(tmp_path: Path) -> None:
    found = connect(environment(tmp_path), "shop")
    assert found.url == "http://shop.example.nl", "by the scheme of the API: a twin has no certificate"
    assert found.cdn is None
    assert dict(found.address_headers) == {"x-vercel-protection-bypass": "bypass-4711-planted"}
    assert not any(value in repr(found) for value in VARIABLES.values())


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"vercel": None}, "staging.toml: vercel"),
        ({"objects": None}, "staging.toml: objects"),
        ({"supabase": None}, "staging.toml: supabase"),
        ({"watch": {"previous_percent": 5}}, "staging.toml: watch.previous_percent"),
        ({"app": {}}, "staging.toml: app.name"),
    ],
)
def test_what_the_file_lacks_is_named(tmp_path: Path, more: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        connect(environment(tmp_path, **more), "shop")
    assert refused.value.field == field
    assert refused.value.hint


@pytest.mark.parametrize("name", ["T_TOKEN", "T_BYPASS"])
def test_a_variable_that_is_not_set_is_named_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(BadInput, match=f"vercel.*{name} is not set"):
        connect(environment(tmp_path), "shop")


def test_another_app_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'other' is not what staging runs"):
        connect(environment(tmp_path), "other")


def test_no_flag_is_set_where_no_app_could_read_it() -> None:
    flags = NoFlags()
    assert (flags.percentage("new-checkout"), dict(flags.variables())) == (None, {})
    with pytest.raises(Rejected, match="no flag service"):
        flags.set("new-checkout", 5)
    flags.set("new-checkout", 0)  # off is what it is, so that no way back can fail at it


def test_a_ramp_by_flag_is_refused_where_there_is_no_flag_service(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r'staging\.toml: canary\.by: is "flag"'):
        connect(environment(tmp_path, canary={"by": "flag"}), "shop")
