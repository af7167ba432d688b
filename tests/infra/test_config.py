"""A wrong configuration file is refused with the key, the problem and the fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from infra.config import Part, keys_at, parse_table, read_toml
from infra.errors import BadInput


class Inner(Part):
    size: int = Field(3, ge=1)
    ratio: float = 0.5
    on: bool = True


class Outer(Part):
    name: str
    parts: tuple[Inner, ...] = ()
    inner: Inner = Inner()
    table: dict[str, str] = Field(default_factory=dict)
    other: Inner | None = Field(None, alias="else")


def parse(**table: Any) -> Outer:
    return parse_table(Outer, table, "app.toml")


def test_arrays_and_tables_become_frozen_records() -> None:
    outer = parse(name="a", parts=[{"size": 5}], inner={"ratio": 1}, **{"else": {"size": 2}})
    assert (outer.parts[0].size, outer.inner.ratio, outer.other) == (5, 1.0, Inner(size=2))
    with pytest.raises(ValueError, match="frozen"):
        outer.name = "b"  # type: ignore[misc] # that it cannot be set is what is tested


@pytest.mark.parametrize(
    ("table", "field", "problem", "fix"),
    [
        ({}, "app.toml: name", "is missing", "add it"),
        ({"name": 1}, "app.toml: name", "valid string", "correct"),
        ({"name": "a", "inner": {"size": "3"}}, "app.toml: inner.size", "valid integer", "correct"),
        ({"name": "a", "inner": {"size": True}}, "app.toml: inner.size", "valid integer", "correct"),
        ({"name": "a", "inner": {"size": 0}}, "app.toml: inner.size", "greater than or equal to 1", "correct"),
        ({"name": "a", "inner": {"on": 1}}, "app.toml: inner.on", "valid boolean", "correct"),
        ({"name": "a", "inner": {"sise": 3}}, "app.toml: inner.sise", "not a key", "did you mean `size`?"),
        ({"name": "a", "parts": [{"sise": 3}]}, "app.toml: parts.0.sise", "not a key", "did you mean `size`?"),
        ({"name": "a", "else": {"sise": 3}}, "app.toml: else.sise", "not a key", "did you mean `size`?"),
        ({"name": "a", "xyz": 3}, "app.toml: xyz", "not a key", "keys here: else, inner, name, parts, table"),
        ({"name": "a", "other": {}}, "app.toml: other", "not a key", ""),
        ({"name": "a", "inner": {"ratio": float("inf")}}, "app.toml: inner.ratio", "finite", "correct"),
        ({"name": "a", "inner": {"ratio": float("nan")}}, "app.toml: inner.ratio", "finite", "correct"),
    ],
)
def test_the_first_wrong_key_is_named_with_its_path(table: dict[str, Any], field: str, problem: str, fix: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(**table)
    assert caught.value.field == field
    assert problem in caught.value.message
    assert fix in caught.value.hint


def test_more_problems_are_counted() -> None:
    with pytest.raises(BadInput, match="2 more problems after this one"):
        parse(name=1, inner={"size": 0, "on": 1})


def test_the_keys_at_a_path_are_known_through_lists_and_optional_tables() -> None:
    assert keys_at(Outer, []) == ["name", "parts", "inner", "table", "else"]
    assert keys_at(Outer, ["parts", "0"]) == keys_at(Outer, ["else"]) == ["size", "ratio", "on"]
    assert keys_at(Outer, ["nowhere"]) == keys_at(Outer, ["name", "deeper"]) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "is missing"),
        (b"name = ", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b'a = 1\na = "2"', "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "app.toml").write_bytes(content)
    with pytest.raises(BadInput, match=problem) as caught:
        read_toml(tmp_path / "app.toml", "app.toml", "write one")
    assert caught.value.field == "app.toml"


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_toml(tmp_path, "app.toml", "write one")
