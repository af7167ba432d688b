"""Supabase's Management API against its twin: every call by the vendor's document, every mood with a legal end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import check_declared, check_log, documents
from vendor_data import QUICK, VARIABLES, a_while_ago, how_it_ends, vendor_environment
from vendor_data import SUPABASE_ACTS as ACTS

from deployments.twins.moods import FOREVER, KINDS, Kind
from deployments.twins.supabase import SupabaseTwin
from infra.database.supabase_api import SupabaseApi
from infra.database.supabase_calls import CALLS, RESTORE
from infra.errors import Rejected, Unknown


def quiet(_line: str) -> None:
    """Nobody reads it."""


# The answers are lost and what happened is read back: all is well.
READ_BACK = ("v1-restore-pitr-backup", "v1-create-a-branch")


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[SupabaseTwin]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with SupabaseTwin() as found:
        found.state.add_branch("main", "main", is_default=True)
        yield found


@pytest.fixture
def api(twin: SupabaseTwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SupabaseApi:
    monkeypatch.setattr("infra.database.supabase_api.STARTS_WITHIN_SECONDS", 0.1)
    return SupabaseApi(vendor_environment(tmp_path, supabase=twin), QUICK)


def test_every_request_and_every_answer_is_as_the_document_says(twin: SupabaseTwin, api: SupabaseApi) -> None:
    found = documents("supabase.json")
    for act in ACTS.values():
        act(api)
    twin.state.has_pitr = False
    api.backups()

    checked = check_log(twin, found, CALLS)
    assert [one for one in checked if one.problems or not one.is_described] == []
    assert {one.operation for one in checked} == {call.operation for call in CALLS} == set(ACTS)
    assert check_declared(found, CALLS) == []


@pytest.mark.parametrize("mood", KINDS)
@pytest.mark.parametrize("operation", ACTS)
def test_every_call_in_every_mood_ends_well_or_with_a_typed_error(
    twin: SupabaseTwin, api: SupabaseApi, operation: str, mood: Kind
) -> None:
    twin.moods.set(operation, mood, times=FOREVER, seconds=0.02)
    ended, text = how_it_ends(lambda: ACTS[operation](api))

    assert VARIABLES["T_SUPABASE_TOKEN"] not in text
    assert ended == "well" or "hint: " in text
    if operation in READ_BACK and mood in ("lost", "malformed"):
        assert ended == "well"
    assert (
        ended
        in {
            "slow": ("well",),
            "limited": ("Limited",),
            "failing": ("Unreachable", "Unknown"),
            "silent": ("Unreachable", "Unknown"),
            "malformed": ("well", "Refused", "Unknown"),
            "lost": ("well", "Unreachable", "Unknown"),
            "forbidden": ("Refused",),
        }[mood]
    )
    # Legal: nothing was done twice that must be done once, and nothing is half done.
    twin.moods.clear()
    assert len(twin.state.restores) <= 1
    assert len([branch for branch in twin.state.branches if branch["name"] == "preview-7"]) <= 1
    assert twin.state.allowed in (["0.0.0.0/0"], ["0.0.0.0/0", "192.0.2.0/24"])
    assert api.project().status == "ACTIVE_HEALTHY"


def test_a_restore_is_never_sent_twice_and_waited_for_to_its_end(twin: SupabaseTwin, api: SupabaseApi) -> None:
    twin.moods.set(RESTORE.operation, "lost")
    said: list[str] = []
    second = a_while_ago()
    api.restore_to(second, said.append)
    assert twin.state.restores == [second]
    assert any("looking whether it began" in line for line in said)
    assert any("the project is RESTORING" in line for line in said)


def test_a_restore_that_may_never_have_begun_is_unknown(twin: SupabaseTwin, api: SupabaseApi) -> None:
    twin.moods.set(RESTORE.operation, "silent")
    with pytest.raises(Unknown, match="the project is still ACTIVE_HEALTHY"):
        api.restore_to(a_while_ago(), quiet)
    assert twin.state.restores == []


def test_a_restore_that_fails_says_how_the_project_stands(twin: SupabaseTwin, api: SupabaseApi) -> None:
    twin.state.restore_fails = True
    with pytest.raises(Rejected, match="the restore ended RESTORE_FAILED"):
        api.restore_to(a_while_ago(), quiet)


def test_a_second_outside_of_the_window_is_refused_before_anything_is_sent(
    twin: SupabaseTwin, api: SupabaseApi
) -> None:
    with pytest.raises(Rejected, match="can be returned to any second from"):
        api.restore_to(int(time.time()) - 400 * 86_400, quiet)
    twin.state.has_pitr = False
    with pytest.raises(Rejected, match="has no point-in-time recovery"):
        api.restore_to(a_while_ago(), quiet)
    assert twin.calls(RESTORE.operation) == []


def test_a_branch_is_found_again_instead_of_made_twice(twin: SupabaseTwin, api: SupabaseApi) -> None:
    twin.moods.set("v1-create-a-branch", "lost")
    made = api.ensure_branch("preview-7", "feature/seven")
    assert api.ensure_branch("preview-7", "feature/seven").id == made.id
    assert api.branch_access(made).password == f"password-of-{made.id}"
    api.drop_branch(made)
    api.drop_branch(made)
    assert api.find_branch("preview-7") is None


def test_where_the_plan_has_no_branches_it_says_so(twin: SupabaseTwin, api: SupabaseApi) -> None:
    twin.state.has_branching = False
    with pytest.raises(Rejected, match="Branching is not included in the plan") as caught:
        api.ensure_branch("preview-8", "x")
    assert "plan" in caught.value.hint


def test_ranges_are_let_in_and_out(twin: SupabaseTwin, api: SupabaseApi) -> None:
    api.restrict(add=["192.0.2.0/24"], remove=["0.0.0.0/0"])
    assert api.restrictions().config.v4 == ["192.0.2.0/24"]
    api.restrict(add=["192.0.2.0/24"], remove=["0.0.0.0/0"])
    assert twin.state.allowed == ["192.0.2.0/24"]


def test_read_only_mode_is_seen_and_can_be_suspended(twin: SupabaseTwin, api: SupabaseApi) -> None:
    twin.state.is_read_only = True
    assert (api.read_only().enabled, api.read_only().override) == (True, False)
    api.allow_writes()
    assert api.read_only().override


def test_values_of_keys_are_never_asked_for(twin: SupabaseTwin, api: SupabaseApi) -> None:
    api.keys()
    (entry,) = twin.calls("v1-get-project-api-keys")
    assert entry.request.query == {"reveal": "false"}
