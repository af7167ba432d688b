"""What differs between what a server has and what is declared, and the step that would make it equal. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["work pool", "block type", "block", "deployment", "automation"]
Act = Literal["add", "change", "remove"]
SHOWN_LETTERS = 160
ABSENT = "(nothing)"


@dataclass(frozen=True)
class Difference:
    """One field by its path; `before` and `after` are JSON, or `(nothing)`."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """One thing on the server that is added, changed field by field, or removed."""

    kind: Kind
    name: str
    act: Act
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Step:
    """A change and how it is made. May be done again."""

    change: Change
    do: Callable[[], None]


def step_towards(
    kind: Kind, name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any], do: Callable[[], None]
) -> list[Step]:
    """One step, or none where nothing differs. `before` is None for what is not there."""
    differences = tuple(_differences("", before or {}, after))
    if before is not None and not differences:
        return []
    return [Step(Change(kind, name, "add" if before is None else "change", differences), do)]


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    before, after = _numbered(before), _numbered(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, before.get(key, _GONE), after.get(key, _GONE))
    elif before != after:
        yield Difference(path, _shown(before), _shown(after))


def _numbered(value: Any) -> Any:
    """A list of objects by place, so that only what differs inside them is shown."""
    is_list = isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
    return {str(place): one for place, one in enumerate(value)} if is_list else value


def _shown(value: Any) -> str:
    if value is _GONE:
        return ABSENT
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}..."


_GONE = object()
