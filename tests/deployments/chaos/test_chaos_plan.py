"""The plan covers every target at every boundary, and any part of it covers them evenly."""

from __future__ import annotations

from collections import Counter

import pytest

from deployments.chaos.plan import BOUNDARIES, CELLS, MOODS, ONE_IN, TARGETS, WAY_BACK, Shot, plan

LONG = 164


def of_matrix(shots: list[Shot]) -> list[Shot]:
    return [shot for shot in shots if len(shot.targets) == 1 and not shot.moment.seconds]


def test_the_long_form_kills_every_target_at_every_boundary_once() -> None:
    cells = Counter((shot.targets[0], shot.moment.boundary) for shot in of_matrix(plan(LONG, seed=3)))
    assert cells == Counter({(target, boundary): 1 for target in TARGETS for boundary in BOUNDARIES})
    assert len(cells) == CELLS


def test_the_long_form_has_every_mood_two_at_once_the_way_back_and_twenty_deaths_in_the_ramp() -> None:
    shots = plan(LONG, seed=3)
    assert {shot.mood for shot in shots} >= set(MOODS)
    assert any(len(shot.targets) == 2 for shot in shots)
    assert any(shot.moment.boundary == WAY_BACK and shot.version.is_bad for shot in shots)
    in_ramp = [shot for shot in shots if "flow run" in shot.targets and shot.moment.boundary.startswith("canary")]
    assert len(in_ramp) >= 20


@pytest.mark.parametrize("trials", [6, 20, 48, 96])
def test_a_short_form_covers_targets_and_boundaries_as_evenly_as_it_can(trials: int) -> None:
    shots = of_matrix(plan(trials, seed=11))
    assert len(shots) == trials - trials // ONE_IN
    for counts, kinds in ((Counter(s.targets[0] for s in shots), 8), (Counter(s.moment.boundary for s in shots), 16)):
        assert max(counts.values()) - (min(counts.values()) if len(counts) == kinds else 0) <= 1


def test_a_seed_makes_the_same_plan_again_and_another_seed_another_one() -> None:
    assert plan(40, 5) == plan(40, 5)
    assert plan(40, 5) != plan(40, 6)


def test_a_bad_version_is_never_expected_past_its_first_canary_step_and_versions_differ() -> None:
    shots = plan(LONG, seed=3)
    late = ("canary 100", "promote", "watch")
    assert not [shot for shot in shots if shot.version.is_bad and shot.moment.boundary in late]
    assert len({shot.version.tag for shot in shots}) == LONG
    assert 0.3 < sum(bool(shot.version.migration) for shot in shots) / LONG < 0.7
    assert all(shot.version.migration and shot.version.is_bad for shot in shots if shot.version.fills)
