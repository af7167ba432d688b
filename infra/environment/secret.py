"""Secrets of an environment: its file has only the name of the variable that holds one, as `env:NAME`."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field, SecretStr

from infra.errors import BadInput
from infra.redaction import remember_secrets

SecretName = Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*)?$")]
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
    """What the variable of `env:NAME` holds, redacted from everything printed from now on.

    Raises BadInput naming `field` when it names no variable, and when that is not set or holds a placeholder.
    """
    if not value.startswith("env:"):
        raise BadInput(field, "names no variable", f'write {field.rpartition(".")[2]} = "env:NAME" and export NAME')
    secret = variable(field, value)
    remember_secrets([secret])
    return SecretStr(secret)


def is_placeholder(value: str) -> bool:
    """Whether a text only stands where a secret should be."""
    return not value.strip() or value.lower().startswith(PLACEHOLDERS)


def variable(field: str, value: str) -> str:
    """The text that `env:NAME` stands for. Raises BadInput."""
    name = value.removeprefix("env:")
    found = os.environ.get(name, "")
    if is_placeholder(found):
        raise BadInput(field, f"the variable {name} is not set or holds a placeholder", f"export {name}")
    return found
