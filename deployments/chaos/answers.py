"""What visitors met in a trial, out of the load's own list of answers. Times are seconds since the epoch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

BIN_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """When it came, how long it took, who gave it, and what was wrong with it (empty: nothing)."""

    time: float
    seconds: float
    version: str
    failure: str

    @property
    def asked(self) -> float:
        """When the request was sent."""
        return self.time - self.seconds


def read_answers(path: Path) -> list[Answer]:
    """In the order in which they came; a last line that was cut short is left out."""
    rows = [line.split(" ") for line in path.read_text().split("\n")[:-1]]
    return [Answer(float(row[0]), float(row[1]), row[2], row[3] if row[3] != "ok" else "") for row in rows]


def lease_seconds(answers: list[Answer], candidate: str, death: float) -> float:
    """From the death of the release to the last answer by its candidate; 0 when there was none any more."""
    last = max((answer.time for answer in answers if answer.version == candidate), default=death)
    return max(0.0, last - death)


def unavailable_seconds(answers: list[Answer], bad: str) -> float:
    """The time in which more than half of the requests sent failed; answers of a version that is `bad` are left out."""
    asked: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for answer in answers:
        if answer.version != bad or not bad:
            moment = int(answer.asked / BIN_SECONDS)
            asked[moment] += 1
            failed[moment] += bool(answer.failure)
    return round(BIN_SECONDS * sum(2 * failed[moment] > count for moment, count in asked.items()), 1)


def bad_traffic_seconds(answers: list[Answer], bad: str) -> float:
    """From the first failed answer of a bad version to its last answer of any kind."""
    own = [answer for answer in answers if answer.version == bad]
    first = min((answer.time for answer in own if answer.failure), default=None)
    return round(max(answer.time for answer in own) - first, 2) if first is not None else 0.0


def dead_traffic_seconds(answers: list[Answer], death: float) -> float:
    """From the death of a version to the last request sent that failed because of it (nobody else fails here)."""
    failed = [answer.asked for answer in answers if answer.failure in ("connection", "timeout", "status")]
    return round(max([0.0, *(moment - death for moment in failed if moment >= death)]), 2)
