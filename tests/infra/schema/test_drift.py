"""What differs between two schemas is named, part by part, and a vendor's own schemas do not count."""

from __future__ import annotations

from infra.schema.drift import Line, differences, parts_of

LINES: list[Line] = [
    ("schema", "public", ""),
    ("schema", "auth", ""),
    ("extension", "pgcrypto", "1.3"),
    ("column", "public.users.email", "text|t"),
    ("column", "auth.users.email", "text|t"),
    ("column", '"order".lines.n', "integer|t"),
]


def test_each_part_that_came_went_or_changed_is_named_and_nothing_else() -> None:
    changed = [("column", "public.users.email", "text|f"), ("index", "public.users_email", "CREATE INDEX")]
    now = parts_of([*LINES[:3], *LINES[4:], *changed])
    assert differences(parts_of(LINES), now) == ["changed: column public.users.email", "new: index public.users_email"]
    assert differences(now, parts_of(LINES))[1] == "gone: index public.users_email"
    assert differences(now, dict(reversed(now.items()))) == []


def test_only_the_apps_own_schemas_count_where_a_vendor_has_others() -> None:
    assert list(parts_of(LINES, ["public"])) == ["column public.users.email", "schema public"]
    assert list(parts_of(LINES, ["order"])) == ['column "order".lines.n']
    assert len(parts_of(LINES)) == len(LINES)
