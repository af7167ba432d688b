"""The numbers behind the report: one table of curves over time for the chart and for `report.json`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tasks.analysis import Counts
from tasks.band import band
from tasks.probes import NONE
from tasks.timeline import Chapter

AGAINST, FOR = ("worse", "over_limit"), ("not_worse", "acceptable")
# More points than a chart has room for teach nobody anything.
MOST_POINTS = 400


@dataclass(frozen=True)
class Band:
    """A rate since the first batch and the band around it, in percent; all three unknown before any request."""

    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Point:
    """What was known at `second` (since the first batch). Rates are cumulative, over visitors.

    The four numbers of evidence are e-values over what decides, so 1 decides: the strongest one against the
    candidate, and the weakest of those that all have to speak for it. `second_source` says who the second witness is:
    probes, or everyone.
    """

    second: float
    step: str
    weight: int
    failures: tuple[Band, Band]
    slow: tuple[Band, Band]
    visitors_against: float
    visitors_for: float
    second_source: str
    second_against: float
    second_for: float


def points_of(chapters: list[Chapter]) -> list[Point]:
    """The curves of a whole release, thinned to what can be drawn. Pairs are (candidate, live)."""
    moments = [(chapter, moment) for chapter in chapters for moment in chapter.moments]
    every = max(1, -(-len(moments) // MOST_POINTS))
    canary = live = NONE
    was_dark = False
    points = []
    for number, (chapter, moment) in enumerate(moments):
        if was_dark and chapter.step != "dark":
            # From here on another two are compared.
            canary = live = NONE
        was_dark = chapter.step == "dark"
        canary, live = canary + moment.canary, live + moment.live
        if number % every and number != len(moments) - 1:
            continue
        second = _second(moment.evidence)
        points.append(
            Point(
                round(moment.known - moments[0][1].time, 2),
                chapter.step,
                moment.weight,
                (_band(canary, "failures"), _band(live, "failures")),
                (_band(canary, "slow"), _band(live, "slow")),
                *_evidence(chapter, moment.evidence, "visitors"),
                second,
                *_evidence(chapter, moment.evidence, second),
            )
        )
    return [*points, *_ends(chapters, points, moments[0][1].time if moments else 0.0)]


def _ends(chapters: list[Chapter], points: list[Point], start: float) -> list[Point]:
    """The moment at which the candidate lost its visitors, if it did."""
    decided = [chapter.decided for chapter in chapters if chapter.decided and chapter.acted_ms is not None]
    return [replace(points[-1], second=round(moment - start, 2), weight=0) for moment in decided[-1:] if points]


def _band(counts: Counts, metric: str) -> Band:
    if not counts.requests:
        return Band(None, None, None)
    bad = counts.bad(metric)
    low, high = band(counts.requests, bad)
    return Band(*(round(100.0 * share, 4) for share in (bad / counts.requests, low, high)))


def _second(evidence: dict[str, float]) -> str:
    return next(source for name in evidence if (source := name.split(".")[0]) != "visitors")


def _evidence(chapter: Chapter, evidence: dict[str, float], source: str) -> tuple[float, float]:
    return _against(chapter, evidence, source), _for(chapter, evidence, source)


def _against(chapter: Chapter, evidence: dict[str, float], source: str) -> float:
    return max(share for metric in _metrics(evidence) for share in _shares(chapter, evidence, source, metric, AGAINST))


def _for(chapter: Chapter, evidence: dict[str, float], source: str) -> float:
    return min(max(_shares(chapter, evidence, source, metric, FOR)) for metric in _metrics(evidence))


def _metrics(evidence: dict[str, float]) -> set[str]:
    return {name.split(".")[1] for name in evidence}


def _shares(
    chapter: Chapter, evidence: dict[str, float], source: str, metric: str, questions: tuple[str, ...]
) -> list[float]:
    names = [f"{source}.{metric}.{question}" for question in questions]
    return [evidence[name] / chapter.needed[name] for name in names if name in evidence]
