"""What came of one trial, as one line of JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from deployments.json_lines import append_line, read_lines


@dataclass(frozen=True)
class Result:
    """`illegal` are reasons, empty for a legal end. Seconds that were not measured are None.

    `hit` says what was killed: a target with its processes, or a mood with the requests that met it. `quiet_seconds`
    run from the blow until all was quiet.
    """

    number: int
    seed: int
    aim: str
    moment: str
    version: str
    is_bad: bool
    migration: str
    hit: dict[str, int]
    struck_at: str
    standing: str
    reason: str
    illegal: tuple[str, ...]
    acknowledged: int
    lost_writes: int
    locks_left: int
    orphans: int
    requests: int
    failed: int
    unavailable_seconds: float
    bad_traffic_seconds: float
    quiet_seconds: float
    seconds: float
    lease_seconds: float | None = None
    weight: int | None = None
    logs: str = ""

    @property
    def outcome(self) -> str:
        """One word for the table."""
        return "illegal" if self.illegal else self.standing or "never began"

    def line(self) -> str:
        """For people, while it goes."""
        how = f"ILLEGAL: {'; '.join(self.illegal)}" if self.illegal else self.outcome
        lease = f", lease {self.lease_seconds:.1f} s" if self.lease_seconds is not None else ""
        kind = f"{'bad' if self.is_bad else 'good'}{f' with {self.migration}' if self.migration else ''}"
        return (
            f"trial {self.number} (seed {self.seed}): {self.aim} {self.moment}, {kind}: struck at "
            f"{self.struck_at or 'nothing'}; {how}; away {self.unavailable_seconds} s{lease}, "
            f"quiet after {self.quiet_seconds:.0f} s, took {self.seconds:.0f} s"
        )


def append(path: Path, result: Result) -> None:
    """Add one line to the file of a run, in place of one that was cut short there."""
    append_line(path, asdict(result))


def read_results(path: Path, seed: int) -> list[Result]:
    """Those of the same seed in the file of a run that was cut short; none when there is no file."""
    return [Result(**{**row, "illegal": tuple(row["illegal"])}) for row in read_lines(path) if row["seed"] == seed]
