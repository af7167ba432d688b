"""Variables at a Vercel twin: compared without being read, written one by one, and never shown."""

from __future__ import annotations

import pytest

from deployments.twins.vercel_place import VercelPlace
from infra.errors import Rejected
from infra.hosting.vercel_variables import VercelVariables
from infra.redaction import redact

SECRET = "planted-database-word-4711"
WANTED = {"DATABASE_URL": SECRET, "FEATURE_SET": "stable"}


@pytest.fixture
def variables(vercel: VercelPlace) -> VercelVariables:
    return VercelVariables(vercel.project, plain=("FEATURE_SET",))


def states(variables: VercelVariables, wanted: dict[str, str] = WANTED) -> dict[str, str]:
    return {one.key: one.state for one in variables.compare(wanted, "production")}


def test_what_is_missing_is_written_once_and_found_the_same_after_that(
    vercel: VercelPlace, variables: VercelVariables
) -> None:
    assert states(variables) == {"DATABASE_URL": "missing", "FEATURE_SET": "missing"}
    assert variables.match(WANTED, "production", print) == ["DATABASE_URL", "FEATURE_SET"]
    assert states(variables) == {"DATABASE_URL": "same", "FEATURE_SET": "same"}
    assert variables.match(WANTED, "production", print) == []
    assert len(vercel.twin.calls("createProjectEnv")) == 2


def test_a_secret_is_written_so_that_nobody_can_read_it_and_compared_by_its_fingerprint(
    vercel: VercelPlace, variables: VercelVariables
) -> None:
    variables.match(WANTED, "production", print)
    assert {one.key: one.type for one in variables.read()} == {"DATABASE_URL": "sensitive", "FEATURE_SET": "plain"}
    assert all(SECRET not in str(entry.reply) for entry in vercel.twin.log)
    assert not any("decrypt" in entry.request.query for entry in vercel.twin.log)
    assert states(variables, {**WANTED, "DATABASE_URL": "another"})["DATABASE_URL"] == "differs"


def test_what_somebody_else_wrote_is_unknown_and_written_over(vercel: VercelPlace, variables: VercelVariables) -> None:
    by_hand = {"key": "DATABASE_URL", "value": SECRET, "type": "encrypted", "target": ["production"]}
    vercel.twin.variables.add([by_hand], upsert=False)
    assert states(variables)["DATABASE_URL"] == "unknown"
    assert "DATABASE_URL" in variables.match(WANTED, "production", print)


def test_what_is_for_another_target_or_branch_is_left_alone(vercel: VercelPlace, variables: VercelVariables) -> None:
    other = {"key": "DATABASE_URL", "value": "x", "type": "plain", "target": ["preview"]}
    vercel.twin.variables.add([other], upsert=False)
    variables.match(WANTED, "production", print)
    assert [(one.value, one.target) for one in vercel.twin.variables.stored if one.key == "DATABASE_URL"] == [
        ("x", ("preview",)),
        (SECRET, ("production",)),
    ]


def test_one_that_fails_is_named_after_all_others_were_written(vercel: VercelPlace, variables: VercelVariables) -> None:
    vercel.twin.variables.refused["DATABASE_URL"] = "BAD_REQUEST"
    with pytest.raises(Rejected, match=r"1 of 2 variables were not written: DATABASE_URL: .*BAD_REQUEST") as failure:
        variables.match(WANTED, "production", print)
    assert SECRET not in str(failure.value)
    assert states(variables) == {"DATABASE_URL": "missing", "FEATURE_SET": "same"}


def test_one_that_is_shared_by_several_targets_says_how_to_split_it(
    vercel: VercelPlace, variables: VercelVariables
) -> None:
    shared = {"key": "DATABASE_URL", "value": "x", "type": "encrypted", "target": ["production", "preview"]}
    vercel.twin.variables.add([shared], upsert=False)
    with pytest.raises(Rejected, match="ENV_CONFLICT") as failure:
        variables.match(WANTED, "production", print)
    assert "split it in the project's settings" in failure.value.hint


@pytest.mark.parametrize("kind", ["lost", "silent", "failing", "limited"])
def test_a_writing_is_repeated_where_its_answer_is_lost(
    vercel: VercelPlace, variables: VercelVariables, kind: str
) -> None:
    vercel.twin.moods.set("createProjectEnv", kind, times=2)
    variables.match(WANTED, "production", print)
    assert states(variables) == {"DATABASE_URL": "same", "FEATURE_SET": "same"}


def test_values_are_redacted_from_everything_that_is_said(variables: VercelVariables) -> None:
    variables.match(WANTED, "production", print)
    assert redact(f"connecting to {SECRET}") == "connecting to ***"
