"""The mood matrix of Supabase and Cloudflare: legal in each cell, and every call that their clients make is tried."""

from __future__ import annotations

import pytest
from contracts import check_log, documents

from deployments.bench.vendors_data import (
    CLOUDFLARE_ACTIONS,
    SUPABASE_ACTIONS,
    cloudflare_ground,
    supabase_ground,
    tour_cloudflare,
    tour_supabase,
)
from deployments.bench.vendors_moods import try_all
from infra.cdn import cloudflare
from infra.database import supabase_calls


@pytest.mark.slow
def test_supabase_is_left_in_a_legal_state_in_every_mood_of_every_call() -> None:
    cells = list(try_all(supabase_ground(), SUPABASE_ACTIONS))
    assert [cell for cell in cells if cell.problem] == []
    assert {cell.operation for cell in cells} == {call.operation for call in supabase_calls.CALLS}


@pytest.mark.slow
def test_cloudflare_is_left_in_a_legal_state_in_every_mood_of_every_call() -> None:
    cells = list(try_all(cloudflare_ground(), CLOUDFLARE_ACTIONS))
    assert [cell for cell in cells if cell.problem] == []
    assert {cell.operation for cell in cells} == {call.operation for call in cloudflare.CALLS}


def test_the_shield_alone_is_legal_in_every_mood() -> None:
    cells = list(try_all(cloudflare_ground(), CLOUDFLARE_ACTIONS[3:]))
    assert len(cells) == 18
    assert [cell for cell in cells if cell.problem] == []


def test_the_tours_make_every_call_as_the_documents_say() -> None:
    found = documents("supabase.json", "cloudflare.json")
    with supabase_ground().open() as place:
        tour_supabase(place)
        checked = check_log(place.twin, found[:1], supabase_calls.CALLS)
        assert {one.operation for one in checked} == {call.operation for call in supabase_calls.CALLS}
    with cloudflare_ground().open() as zone:
        tour_cloudflare(zone)
        checked += check_log(zone.twin, found[1:], cloudflare.CALLS)
        assert {call.operation for call in cloudflare.CALLS} <= {one.operation for one in checked}
    assert [one for one in checked if one.problems or not one.is_described] == []
