"""The judge sees everything that may be wrong with the world after a trial, and nothing wrong with a legal one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployments.chaos.app import Version
from deployments.chaos.judge import Ending, judge
from deployments.chaos.world import World

BEFORE = World(
    live="t000",
    weight=0,
    slots=("t000-aaaa",),
    running=("t000-aaaa",),
    revisions=("0001",),
    fingerprint="as it was",
    filled=(),
    incidents=(),
    status=200,
)
GOOD, BAD = Version("t001", "0002"), Version("t001", "0002", is_bad=True, fills=True)
ROLLED_BACK = Ending("t001-bbbb", "rolled back", "it died", "CRASHED Crashed", True)
PROMOTED = Ending("t001-bbbb", "promoted", "", "COMPLETED Promoted", True)
BACK = replace(BEFORE, incidents=("release-t001-bbbb",))
FORTH = replace(
    BEFORE,
    live="t001",
    slots=("t000-aaaa", "t001-bbbb"),
    running=("t000-aaaa", "t001-bbbb"),
    revisions=("0001", "0002"),
    fingerprint="expanded",
)
LEFT = replace(BACK, revisions=("0001", "0002"), filled=("0002",), fingerprint="expanded")
LEGAL = {
    "gone back as if nothing had been": (BACK, GOOD, ROLLED_BACK),
    "gone back, the schema left for the data in it": (LEFT, BAD, ROLLED_BACK),
    "promoted and expanded": (FORTH, GOOD, PROMOTED),
    "stopped at a gate": (BEFORE, GOOD, replace(ROLLED_BACK, standing="gate closed")),
    "never began": (BEFORE, GOOD, replace(ROLLED_BACK, standing="")),
}


@pytest.mark.parametrize(("after", "version", "ending"), LEGAL.values(), ids=LEGAL)
def test_a_legal_end_has_no_reasons_against_it(after: World, version: Version, ending: Ending) -> None:
    assert judge(BEFORE, after, version, ending) == []


BROKEN_BACK: dict[str, tuple[dict[str, Any], str]] = {
    "the wrong version is live": ({"live": "t001"}, "t001 is live, not t000 as before"),
    "nothing is live": ({"live": ""}, "nothing is live, not t000"),
    "a weight is left": ({"weight": 20}, "weight 20"),
    "the candidate stays in its slot": (
        {"slots": ("t000-aaaa", "t001-bbbb")},
        "in slots: t000-aaaa, t001-bbbb; before: t000-aaaa",
    ),
    "the candidate runs on": ({"running": ("t000-aaaa", "t001-bbbb")}, "t001-bbbb went back, but runs"),
    "the live version does not run": ({"running": ()}, "running: none; in slots: t000-aaaa"),
    "the schema stays expanded with no data in it": ({"revisions": ("0001", "0002")}, "the schema is at 0001, 0002"),
    "the schema is at the same revisions and not the same": ({"fingerprint": "other"}, "fingerprints differ"),
    "visitors get an error": ({"status": 503}, "visitors get 503"),
    "visitors get no answer": ({"status": 0}, "visitors get no answer"),
    "the lock is held": ({"lock": "release of t001"}, "the lock is held by the release of t001"),
    "the log is held back": ({"log_slots": ("release_t001",)}, "held back: the log, by release_t001"),
    "a process of nobody": ({"strays": ("pid 7: semgrep",)}, "processes of nobody: pid 7: semgrep"),
    "a service is dead": ({"unhealthy": ("edge: stopped",)}, "not healthy: edge: stopped"),
    "no incident": ({"incidents": ()}, "t001-bbbb went back and left no incident"),
}


@pytest.mark.parametrize(("change", "said"), BROKEN_BACK.values(), ids=BROKEN_BACK)
def test_what_is_wrong_after_going_back_is_named(change: dict[str, Any], said: str) -> None:
    reasons = judge(BEFORE, replace(BACK, **change), GOOD, ROLLED_BACK)
    assert any(said in reason for reason in reasons), reasons


BROKEN_FORTH: dict[str, tuple[dict[str, Any], str]] = {
    "the old version is live": ({"live": "t000"}, "t001 is promoted, but t000 is live"),
    "the new version is in no slot": ({"slots": ("t000-aaaa",)}, "t001-bbbb is promoted, but in no slot"),
    "the version before is in no slot": ({"slots": ("t001-bbbb",)}, "t000 was live before t001 and is in no slot"),
    "the schema is not expanded": ({"revisions": ("0001",)}, "the schema is at 0001, not expanded"),
}


@pytest.mark.parametrize(("change", "said"), BROKEN_FORTH.values(), ids=BROKEN_FORTH)
def test_what_is_wrong_after_a_promotion_is_named(change: dict[str, Any], said: str) -> None:
    reasons = judge(BEFORE, replace(FORTH, **change), GOOD, PROMOTED)
    assert any(said in reason for reason in reasons), reasons


ENDINGS = {
    "it still runs": (GOOD, replace(ROLLED_BACK, standing="running"), "stands at 'running'"),
    "its way back failed": (GOOD, replace(ROLLED_BACK, standing="way back failed"), "stands at 'way back failed'"),
    "Prefect thinks that it runs": (
        GOOD,
        replace(ROLLED_BACK, flow_run="RUNNING Running", is_final=False),
        "still RUNNING",
    ),
    "a bad version was promoted": (BAD, PROMOTED, "t001 fails its visitors and was promoted"),
}


@pytest.mark.parametrize(("version", "ending", "said"), ENDINGS.values(), ids=ENDINGS)
def test_an_end_that_may_not_be_is_named(version: Version, ending: Ending, said: str) -> None:
    after = FORTH if ending.standing == "promoted" else BACK
    reasons = judge(BEFORE, after, version, ending)
    assert any(said in reason for reason in reasons), reasons


def test_data_in_an_older_column_does_not_excuse_a_schema_that_was_left() -> None:
    before = replace(BEFORE, revisions=("0000", "0001"), filled=("0001",))
    after = replace(before, revisions=("0000", "0001", "0002"), incidents=("release-t001-bbbb",))
    assert judge(before, after, GOOD, ROLLED_BACK) == ["the schema is at 0000, 0001, 0002, not at 0000, 0001 as before"]
