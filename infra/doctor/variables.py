"""Every variable that an environment's file names: set here, and no placeholder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.doctor import Check
from infra.environment import Environment
from infra.environment.secret import read_secret


def check_variables(environment: Environment) -> list[Check]:
    """One check for each `env:NAME`, named by its place in the file."""
    found = named_variables(environment.model_dump())
    return [Check("variables", value.removeprefix("env:"), partial(_is_set, field, value)) for field, value in found]


def named_variables(table: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The path and the text of each `env:NAME` in a table."""
    if isinstance(table, str) and table.startswith("env:"):
        yield path, table
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from named_variables(value, f"{path}.{key}" if path else str(key))


def _is_set(field: str, value: str) -> str:
    return f"set, {len(read_secret(field, value).get_secret_value())} characters, for {field}"
