"""Secrets of an environment: its file only says where one is, as `env:NAME` or `block:<type>/<name>`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, SecretStr

from infra.environment.blocks import PREFIX, read_block
from infra.errors import BadInput
from infra.redaction import remember_secrets

PLACE = r"(env:[A-Za-z_][A-Za-z0-9_]*|block:[a-z0-9][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9-]*)"
SecretName = Annotated[str, Field(pattern=rf"^{PLACE}?$")]
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "todo",
    "xxx",
    "placeholder",
    "your-",
    "example",
    "<",
    "secret",
    "password",
)


def read_secret(field: str, value: str) -> SecretStr:
    """What the variable or the block holds, redacted from everything printed from now on.

    Raises BadInput naming `field` when it names no place, and when that is empty or holds a placeholder; for a block
    also what asking for it may raise.
    """
    if not is_place(value):
        raise BadInput(field, "names no variable", f'write {field.rpartition(".")[2]} = "env:NAME" and export NAME')
    secret = variable(field, value)
    remember_secrets([secret])
    return SecretStr(secret)


def is_place(value: str) -> bool:
    """Whether a text says where a secret is, and is none itself."""
    return value.startswith(("env:", PREFIX))


def is_placeholder(value: str) -> bool:
    """Whether a text only stands where a secret should be."""
    return not value.strip() or value.lower().startswith(PLACEHOLDERS)


def variable(field: str, value: str) -> str:
    """The text that a place stands for. Raises BadInput, and what `read_block` raises."""
    if value.startswith(PREFIX):
        return read_block(field, value)
    name = value.removeprefix("env:")
    found = os.environ.get(name, "")
    if is_placeholder(found):
        raise BadInput(field, f"the variable {name} is not set or holds a placeholder", f"export {name}")
    return found


def secret_places(table: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The path and the text of each place in a table."""
    if isinstance(table, str) and is_place(table):
        yield path, table
    elif isinstance(table, dict):
        for key, value in table.items():
            yield from secret_places(value, f"{path}.{key}" if path else str(key))
