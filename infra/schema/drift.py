"""What differs between a schema as it was left and as it is now, part by part: names of what came, went or changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

Line = tuple[str, str, str]


def parts_of(lines: Iterable[Line], schemas: Sequence[str] = ()) -> dict[str, str]:
    """A digest of each part, by its kind and name (`column public.users.email`); only of `schemas` where they are
    named: in the others a vendor changes things by itself."""
    found = {
        f"{kind} {name}": _digest(text) for kind, name, text in lines if not schemas or _is_in(kind, name, schemas)
    }
    return dict(sorted(found.items()))


def differences(left: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """One line for each part, in the order of their names."""
    lines = [(name, "gone: ") for name in left.keys() - now.keys()]
    lines += [(name, "new: ") for name in now.keys() - left.keys()]
    lines += [(name, "changed: ") for name in left.keys() & now.keys() if left[name] != now[name]]
    return [f"{what}{name}" for name, what in sorted(lines)]


def _is_in(kind: str, name: str, schemas: Sequence[str]) -> bool:
    if kind == "schema":
        return name in schemas
    # As Postgres writes them: in double quotes where the name is also a word of its own language.
    return kind != "extension" and name.startswith(
        tuple(f"{one}." for schema in schemas for one in (schema, f'"{schema}"'))
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
