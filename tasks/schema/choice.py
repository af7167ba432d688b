"""Which way back the evidence allows: undo the expansion, leave it, or restore. Pure: numbers in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.schema.contents import Contents
from infra.schema.invariants import NOT_YET

Way = Literal["nothing", "undo", "leave", "restore"]


@dataclass(frozen=True)
class Choice:
    """The way and the sentence that says why, with its numbers."""

    way: Way
    reason: str


@dataclass(frozen=True)
class Seen:
    """What was seen before the expansion, right after it, and now. `then` is None when it died on the way."""

    is_changed: bool
    one_way: Sequence[str]
    broken_before: Mapping[str, int]
    broken_then: Mapping[str, int] | None
    broken_now: Mapping[str, int]
    contents_then: Sequence[Contents] | None
    contents_now: Sequence[Contents]


def choose(seen: Seen) -> Choice:
    """Restore when the migration itself damaged data; leave what was written to; undo what nobody has used."""
    if not seen.is_changed:
        return Choice("nothing", "the schema was not changed")
    damage = newly_broken(seen.broken_before, seen.broken_now if seen.broken_then is None else seen.broken_then)
    if damage:
        return Choice("restore", f"the migration damaged data: {'; '.join(damage)}")
    later = newly_broken(seen.broken_before, seen.broken_now)
    warning = f"; since then, not by the migration: {'; '.join(later)}" if later else ""
    written = _written(seen.contents_then, seen.contents_now)
    if written:
        return Choice("leave", f"rows were written into what the expansion added: {'; '.join(written)}{warning}")
    if seen.one_way:
        return Choice("leave", f"{', '.join(seen.one_way)} cannot be undone, as its author says{warning}")
    return Choice("undo", f"nothing was written into what the expansion added{warning}")


def newly_broken(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """A line for each invariant that finds more rows than before. One that could not be asked before finds none."""
    worse = [(name, max(before.get(name, 0), 0), rows) for name, rows in now.items()]
    return [f"{rows} rows over {was} in {name!r}" for name, was, rows in worse if rows != NOT_YET and rows > was]


def _written(then: Sequence[Contents] | None, now: Sequence[Contents]) -> list[str]:
    if then is None:
        return []  # it died while expanding, so no version that knows the additions ever ran
    before = {one.name: one for one in then}
    return [_line(before.get(one.name), one) for one in now if _differs(before.get(one.name), one)]


def _differs(then: Contents | None, now: Contents) -> bool:
    return now.rows > 0 and (then is None or (then.rows, then.digest) != (now.rows, now.digest))


def _line(then: Contents | None, now: Contents) -> str:
    was = then.rows if then else 0
    more = f"{now.rows - was} rows more than the migration left" if now.rows > was else "other values than it left"
    return f"{now.name} has {more} ({now.rows} rows now, {was} right after it)"
