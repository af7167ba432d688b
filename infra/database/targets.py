"""Where a restore goes: a snapshot, a restore point, a time, an exact position, or as far as the log goes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal, cast, get_args

from infra.errors import BadInput

Kind = Literal["snapshot", "point", "time", "position", "latest"]


@dataclass(frozen=True)
class Target:
    """`value` is a snapshot's id or name, a restore point's name, an ISO time with its zone, or a position."""

    kind: Kind
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.value}".strip()

    @property
    def time(self) -> float:
        """Of a target of kind `time`, in seconds since the epoch. Raises BadInput."""
        try:
            moment = datetime.datetime.fromisoformat(self.value)
        except ValueError as error:
            raise BadInput(
                "to-time", f"{self.value!r} is no time: {error}", "give 2026-01-31T09:00:00+01:00"
            ) from error
        if moment.tzinfo is None:
            raise BadInput("to-time", f"{self.value!r} names no zone", "add it: 2026-01-31T09:00:00+01:00, or Z")
        return moment.timestamp()


def target_from(text: str) -> Target:
    """The target that says `text` of itself. Raises BadInput."""
    kind, _, value = text.partition(" ")
    if kind not in get_args(Kind):
        raise BadInput("target", f"{text!r} is none", f"it begins with one of {', '.join(get_args(Kind))}")
    return Target(cast(Kind, kind), value)


def target_of(to_time: str = "", to_point: str = "", to_snapshot: str = "", to_latest: bool = False) -> Target:
    """The one target that was asked for. Raises BadInput for none and for more than one."""
    asked: dict[Kind, str] = {"time": to_time, "point": to_point, "snapshot": to_snapshot}
    given = [Target(kind, value) for kind, value in asked.items() if value]
    if to_latest:
        given.append(Target("latest"))
    if len(given) != 1:
        raise BadInput(
            "target",
            f"{len(given)} targets were given ({', '.join(map(str, given)) or 'none'}), one is needed",
            "give one of --to-time, --to-point, --to-snapshot, --to-latest",
        )
    if given[0].kind == "time":
        _ = given[0].time
    return given[0]
