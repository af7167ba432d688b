"""What happened to the traffic, step by step and batch by batch, kept in the object store for the report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from infra.errors import PipelineError
from tasks.analysis import Counts
from tasks.facts import Fact
from tasks.release import Release, speaker


@dataclass(frozen=True)
class Moment:
    """One batch and what the evidence was after it. `time` is when the batch began and `known` when it was read, in
    seconds since the epoch; `weight` is the percent that the new version got. `evidence` has e-values by
    `visitors.failures.worse` and so on."""

    time: float
    known: float
    weight: int
    canary: Counts
    live: Counts
    canary_p95_ms: float
    live_p95_ms: float
    canary_probes: Counts
    live_probes: Counts
    evidence: dict[str, float]


@dataclass(frozen=True)
class Chapter:
    """One step of the ramp, or the watch. `needed` has the e-values that decide, by the names of `evidence`.

    `decided` is when the evidence said no, `acted_ms` how long it took from there until the candidate got nothing.
    """

    step: str
    began: float
    ended: float
    live: str
    outcome: str
    sentence: str
    needed: dict[str, float]
    moments: tuple[Moment, ...] = ()
    facts: tuple[Fact, ...] = ()
    decided: float | None = None
    acted_ms: float | None = None


def write_chapter(release: Release, chapter: Chapter, *, may_fail: bool = False) -> None:
    """Replace what was written of this step.

    `may_fail`: something worse is on its way out already, and a silent store must not take its place.
    """
    content = json.dumps(asdict(chapter)).encode()
    try:
        release.platform.objects.put(f"{_folder(release)}{chapter.step}.json", content, "application/json")
    except PipelineError as error:
        if not may_fail:
            raise
        speaker()(f"step {chapter.step} is missing in the report: {error.message}")


def read_chapters(release: Release) -> list[Chapter]:
    """All steps of a release, by time."""
    objects = release.platform.objects
    contents = [objects.get(stored.key) for stored in objects.list(_folder(release))]
    return sorted((_chapter(json.loads(content)) for content in contents if content), key=lambda one: one.began)


def moments_of(chapters: list[Chapter]) -> list[Moment]:
    """All batches, by time."""
    return [moment for chapter in chapters for moment in chapter.moments]


def first_failure(moments: list[Moment]) -> float | None:
    """When the candidate first failed a visitor: the start of that batch."""
    return next((moment.time for moment in moments if moment.canary.failures), None)


def _chapter(table: dict[str, Any]) -> Chapter:
    moments = tuple(_moment(one) for one in table["moments"])
    facts = tuple(Fact(**one) for one in table["facts"])
    return Chapter(**{**table, "moments": moments, "facts": facts})


def _moment(table: dict[str, Any]) -> Moment:
    counts = {side: Counts(**table[side]) for side in ("canary", "live", "canary_probes", "live_probes")}
    return Moment(**{**table, **counts})


def _folder(release: Release) -> str:
    return f"releases/{release.app}/{release.id}/timeline/"
