"""Which transactions a snapshot of the database saw: told by their numbers, not by when they were written down."""

from __future__ import annotations

from dataclasses import dataclass

_ROUND = 1 << 32  # numbers in the log have 32 bits and begin anew; those of a snapshot go on counting


@dataclass(frozen=True)
class Visible:
    """As `pg_current_snapshot()` says: all that ended before `end` are seen, but those `running`."""

    end: int
    running: frozenset[int]

    def has(self, transaction: int) -> bool:
        """Whether the committed transaction with this 32-bit number was seen. At most 2**31 lie between the two."""
        number = self.end - (self.end - transaction) % _ROUND
        nearest = number + _ROUND if self.end - number >= _ROUND // 2 else number
        return nearest < self.end and nearest not in self.running


def visible(text: str) -> Visible:
    """From `xmin:xmax:xip,xip`, as Postgres prints a snapshot."""
    _, end, running = text.split(":")
    return Visible(int(end), frozenset(int(one) for one in running.split(",") if one))
