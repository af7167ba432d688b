"""Every variable and block that an environment's file names: there, and no placeholder."""

from __future__ import annotations

from functools import partial

from infra.doctor import Check
from infra.environment import Environment
from infra.environment.secret import read_secret, secret_places


def check_variables(environment: Environment) -> list[Check]:
    """One check for each `env:NAME` and `block:<type>/<name>`."""
    found = secret_places(environment.model_dump())
    return [Check("variables", value.removeprefix("env:"), partial(_is_set, field, value)) for field, value in found]


def _is_set(field: str, value: str) -> str:
    return f"set, {len(read_secret(field, value).get_secret_value())} characters, for {field}"
