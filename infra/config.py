"""Configuration files: TOML in, frozen typed tables out, and an error that names the key, its problem and the fix."""

from __future__ import annotations

import difflib
import json
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.errors import BadInput


class Part(BaseModel):
    """A table of a configuration file: unknown keys are refused, types are not bent, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, name: str, missing_fix: str) -> dict[str, Any]:
    """The file as a table. Raises BadInput when it is missing or is not TOML."""
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise BadInput(name, "is missing", missing_fix) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(name, f"is not TOML: {error}", "mend the line it names") from error
    except OSError as error:
        raise BadInput(name, f"cannot be read: {error.strerror}", "make it a file that we may read") from error


def parse_table(model: type[Model], table: dict[str, Any], name: str) -> Model:
    """`table` as a `model`. Raises BadInput for the first wrong key, with its path."""
    try:
        # JSON mode: an array fits a tuple, while texts, numbers and booleans stay strict.
        return model.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise _bad_input(model, error, name) from error


def _bad_input(model: type[BaseModel], error: ValidationError, name: str) -> BadInput:
    found = error.errors(include_url=False, include_input=False)
    # A misspelt key comes first: the key that it leaves missing is only its shadow.
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    where = [str(part) for part in first["loc"]]
    path = f"{name}: {'.'.join(where)}" if where else name
    if first["type"] == "extra_forbidden":
        return BadInput(path, "is not a key that exists here", _nearest(model, where))
    if first["type"] == "missing":
        return BadInput(path, "is missing", "add it")
    more = f" ({error.error_count() - 1} more problems after this one)" if error.error_count() > 1 else ""
    # Our own checks write `problem; fix: what to do`.
    problem, _, fix = first["msg"].removeprefix("Value error, ").partition("; fix: ")
    return BadInput(path, problem + more, fix or "correct the value")


def _nearest(model: type[BaseModel], where: list[str]) -> str:
    keys = keys_at(model, where[:-1])
    close = difflib.get_close_matches(where[-1], keys, n=1)
    return f"did you mean `{close[0]}`?" if close else f"keys here: {', '.join(sorted(keys))}"


def keys_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that the table at `path` below `model` may have; empty where the path leads nowhere."""
    current: type[BaseModel] | None = model
    for step in path:
        if step.isdigit():
            continue
        fields = {field.alias or key: field for key, field in current.model_fields.items()} if current else {}
        current = _table_in(fields[step].annotation) if step in fields else None
    return [field.alias or key for key, field in current.model_fields.items()] if current else []


def _table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, tuple, dict, list):
        return next((found for one in typing.get_args(annotation) if (found := _table_in(one))), None)
    return None
