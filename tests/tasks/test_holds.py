"""A hold is one durable record that says who, why and since when, also after it ended."""

from __future__ import annotations

import pytest
from ramp_world import World

from infra.errors import BadInput
from tasks.holds import RAMP, lift_hold, place_hold, read_hold


def test_a_hold_is_read_back_as_it_was_placed_and_stays_readable_after_its_end(world: World) -> None:
    objects, app = world.platform.objects, world.platform.app
    assert read_hold(objects, app, "v2") is None
    placed = place_hold(objects, app, "v2", " phones ring ", "Ann")
    assert (placed.reason, placed.is_on, placed.is_own) == ("phones ring", True, False)
    assert read_hold(objects, app, "v2") == placed
    assert str(placed).startswith("held by Ann since ")

    lifted = lift_hold(objects, app, "v2", "all quiet", "Bob")
    assert (lifted.is_on, lifted.lifted_by, lifted.lift_reason) == (False, "Bob", "all quiet")
    assert (lifted.who, lifted.placed) == ("Ann", placed.placed)
    assert read_hold(objects, app, "v2") == lifted


def test_a_hold_of_the_ramp_can_be_taken_over_by_a_person_and_its_time_starts_anew(world: World) -> None:
    objects, app = world.platform.objects, world.platform.app
    own = place_hold(objects, app, "v2", "undecided", RAMP)
    taken = place_hold(objects, app, "v2", "I look into it", "Ann")
    assert (own.is_own, taken.is_own) == (True, False)
    assert taken.placed > own.placed


def test_what_is_not_held_cannot_be_let_go(world: World) -> None:
    objects, app = world.platform.objects, world.platform.app
    with pytest.raises(BadInput, match="v2 is not held"):
        lift_hold(objects, app, "v2", "because", "Ann")
    place_hold(objects, app, "v2", "because", "Ann")
    lift_hold(objects, app, "v2", "because", "Ann")
    with pytest.raises(BadInput, match="v2 is not held"):
        lift_hold(objects, app, "v2", "because", "Ann")


@pytest.mark.parametrize(("reason", "who", "field"), [(" ", "Ann", "reason"), ("because", "", "who")])
@pytest.mark.parametrize("act", [place_hold, lift_hold])
def test_a_hold_without_a_reason_or_a_name_is_refused(
    world: World, act: type[object], reason: str, who: str, field: str
) -> None:
    assert callable(act)
    with pytest.raises(BadInput) as refused:
        act(world.platform.objects, world.platform.app, "v2", reason, who)
    assert refused.value.field == field
