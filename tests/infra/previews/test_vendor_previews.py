"""What only previews at vendors can get wrong: production's variables, another's branch, production's own database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from apps import manifest
from contracts import check_log, documents
from vendor_data import VARIABLES, vendor_environment

from deployments.twins.supabase import SupabaseTwin
from deployments.twins.vercel import VercelTwin
from infra.database import supabase_calls
from infra.errors import Rejected, Unknown
from infra.hosting import Source, vercel_calls, vercel_project
from infra.manifest import read_manifest
from infra.previews import Preview, Previews, Wanted
from infra.previews.of_environment import previews_of

SEVEN = Wanted(7, "feature/seven")
GIVEN = {"DATABASE_URL": "postgresql://postgres:branch-pw@127.0.0.1:1/postgres"}
REF = "abcdefghijklmnopqrst"


@dataclass
class Place:
    previews: Previews
    vercel: VercelTwin
    supabase: SupabaseTwin
    source: Source

    def show(self, wanted: Wanted = SEVEN) -> Preview:
        return self.previews.show(self.source, wanted, GIVEN, print)

    def add(self, key: str, value: str, kind: str, target: list[str]) -> None:
        wanted = {"key": key, "value": value, "type": kind, "target": target}
        self.vercel.variables.add([wanted], upsert=False)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "pipeline.toml").write_text(manifest("securyflex"))
    source = Source(folder, "here", "feature/seven", "a" * 40, read_manifest(folder))
    with VercelTwin() as vercel, SupabaseTwin() as supabase:
        supabase.state.add_branch("main", "main", is_default=True)
        environment = vendor_environment(
            tmp_path / "state", supabase=supabase, vercel=vercel, previews={"database_timeout_seconds": 0.3}
        )
        yield Place(previews_of(environment, "securyflex"), vercel, supabase, source)


def test_all_that_went_over_the_wires_is_as_the_documents_say(place: Place) -> None:
    vercel = documents(vercel_calls.PUBLISHED, vercel_calls.FROM_THE_SDK)
    place.previews.database(SEVEN, print)
    place.show()
    place.previews.database(SEVEN, print, is_anew=True)
    place.previews.close(7, print)
    checked = [
        *check_log(place.vercel, vercel, vercel_calls.CALLS),
        *check_log(place.supabase, documents(supabase_calls.SOURCE), supabase_calls.CALLS),
    ]
    assert [one for one in checked if one.problems] == []
    assert {one.operation for one in checked if not one.is_described} == {"deleteDeployment"}
    assert {"removeProjectEnv", "createProjectEnv", "v1-delete-a-branch"} <= {one.operation for one in checked}


@pytest.mark.parametrize("kind", ["encrypted", "sensitive"])
def test_a_secret_that_production_shares_with_previews_closes_the_door_before_anything_is_written(
    place: Place, kind: str
) -> None:
    place.add("STRIPE_KEY", "live", kind, ["production", "preview"])
    with pytest.raises(Rejected, match="STRIPE_KEY") as no:
        place.show()
    assert "Production only" in no.value.hint
    assert place.vercel.calls("createProjectEnv") == place.vercel.calls("createDeployment") == []


def test_a_plain_value_that_names_productions_project_closes_it_too_and_others_do_not(place: Place) -> None:
    place.add("REGION", "fra1", "plain", ["production", "preview"])
    place.add("PREVIEW_ONLY", "x", "sensitive", ["preview"])
    assert place.show().is_running
    place.add("NEXT_PUBLIC_SUPABASE_URL", f"https://{REF}.supabase.co", "plain", ["preview"])
    with pytest.raises(Rejected, match="NEXT_PUBLIC_SUPABASE_URL"):
        place.show()


def test_a_general_variable_called_as_ours_is_never_what_a_preview_falls_back_to(place: Place) -> None:
    place.add("DATABASE_URL", "postgresql://somewhere", "encrypted", ["preview"])
    with pytest.raises(Rejected, match="DATABASE_URL"):
        place.show()


def test_a_deployment_that_was_not_given_its_variables_is_deleted(place: Place) -> None:
    place.vercel.knows_branches = False
    with pytest.raises(Rejected, match=r"did not give deployment .* its DATABASE_URL; it was deleted") as no:
        place.show()
    assert "connect the project" in no.value.hint
    assert place.vercel.production.deployments == {}
    assert place.previews.close(7, print) == ("variable DATABASE_URL",)


def test_nothing_was_there_is_only_said_where_everything_was_looked_at(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (7, 8):
        place.show(Wanted(number, f"feature/{number}"))
    for name in ("PAGE", "PAGES", "MOST_PAGES"):
        monkeypatch.setattr(vercel_project, name, 1)
    place.previews.database(SEVEN, print)
    assert place.previews.close(7, print) == ("variable DATABASE_URL", "its database branch")
    with pytest.raises(Unknown, match="older ones were not looked at") as unknown:
        place.previews.close(7, print)
    assert "Deployment Retention" in unknown.value.hint


def test_two_pull_requests_of_one_branch_do_not_share_a_database(place: Place) -> None:
    place.show()
    with pytest.raises(Rejected, match="of pull request 7"):
        place.show(Wanted(8, SEVEN.branch))


def test_a_variable_of_the_branch_that_somebody_made_is_not_overwritten(place: Place) -> None:
    body = {"key": "DATABASE_URL", "value": "x", "type": "plain", "target": ["preview"], "gitBranch": SEVEN.branch}
    place.vercel.variables.add([body], upsert=False)
    with pytest.raises(Rejected, match="of somebody"):
        place.show()
    assert place.previews.close(7, print) == ()
    assert [one.value for one in place.vercel.variables.stored] == ["x"]


def test_a_branch_that_is_production_itself_is_neither_given_nor_dropped(place: Place) -> None:
    branch = place.supabase.state.add_branch("preview-7", SEVEN.branch)
    branch["project_ref"] = REF
    for act in (lambda: place.previews.database(SEVEN, print), lambda: place.previews.close(7, print)):
        with pytest.raises(Rejected, match="which is no preview's"):
            act()
    assert len(place.supabase.state.branches) == 2


def test_a_branch_that_leads_to_productions_server_as_its_role_is_not_given(place: Place) -> None:
    place.supabase.state.branch_at = {"db_host": "127.0.0.1", "db_port": 1, "db_user": "postgres"}
    with pytest.raises(Rejected, match="production's own database"):
        place.previews.database(SEVEN, print)


def test_a_branch_that_does_not_come_up_is_waited_for_and_found_by_the_next_try(place: Place) -> None:
    place.supabase.state.branch_looks = 1000
    with pytest.raises(Unknown, match="still COMING_UP"):
        place.previews.database(SEVEN, print)
    place.supabase.state.looks = dict.fromkeys(place.supabase.state.looks, 0)
    assert place.previews.database(SEVEN, print).endswith("?sslmode=require")
    assert len(place.supabase.calls("v1-create-a-branch")) == 1


@pytest.mark.parametrize("operation", ["deleteDeployment", "removeProjectEnv", "v1-delete-a-branch"])
@pytest.mark.parametrize("mood", ["lost", "malformed"])
def test_a_close_that_lost_an_answer_leaves_nothing_after_the_next(place: Place, operation: str, mood: str) -> None:
    place.previews.database(SEVEN, print)
    place.show()
    twin = place.supabase if operation.startswith("v1") else place.vercel
    twin.moods.set(operation, mood)  # type: ignore[arg-type] # one of the literal kinds
    place.previews.close(7, print)
    assert place.previews.all() == []


def test_what_somebody_called_a_preview_in_production_is_not_deleted(place: Place) -> None:
    made = place.vercel.make(
        "securyflex", "production", {"pipelineDeployment": "preview-7-x", "pipelinePullRequest": "7"}
    )
    assert place.previews.close(7, print) == ()
    assert made.id in place.vercel.production.deployments
