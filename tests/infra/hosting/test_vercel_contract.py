"""Every call that our clients make to Vercel, and every answer of its twin, held against Vercel's own documents."""

from __future__ import annotations

import pytest
from contracts import check_declared, check_log, documents

from deployments.bench.vendors_vercel import tour
from deployments.twins.vercel_place import VercelPlace
from infra.hosting.vercel_calls import CALLS, FROM_THE_SDK, PUBLISHED


@pytest.fixture
def exercised(vercel: VercelPlace) -> VercelPlace:
    tour(vercel)
    return vercel


def test_every_request_and_every_answer_fits_the_vendors_documents(exercised: VercelPlace) -> None:
    found = check_log(exercised.twin, documents(PUBLISHED, FROM_THE_SDK), CALLS)
    assert {problem for one in found for problem in one.problems} == set()
    outside = {call.operation for call in CALLS if not call.source}
    assert {one.operation for one in found if not one.is_described} == outside == {"deleteDeployment"}


def test_every_call_that_is_declared_was_made(exercised: VercelPlace) -> None:
    made = {entry.operation for entry in exercised.twin.log}
    assert {call.operation for call in CALLS} - made == set()
    assert made - {call.operation for call in CALLS} == set(), "a call that is not declared"


def test_every_declaration_says_the_truth_about_the_documents() -> None:
    assert check_declared(documents(PUBLISHED, FROM_THE_SDK), CALLS) == []


def test_fields_that_no_document_has_are_the_named_ones_and_are_really_sent(exercised: VercelPlace) -> None:
    found = check_log(exercised.twin, documents(PUBLISHED, FROM_THE_SDK), CALLS)
    sent = {(one.operation, field) for one in found for field in one.left_out}
    assert sent == {
        ("createDeployment", "autoAssignCustomDomains"),
        ("getProject", "rollbackInfo"),
        ("updateRollingReleaseConfig", "the whole body"),
    }


def test_a_request_and_an_answer_that_do_not_fit_are_found(vercel: VercelPlace) -> None:
    vercel.release("v1")
    entry = next(one for one in vercel.twin.log if one.operation == "createDeployment" and one.reply)
    entry.request.data["name"] = 7
    object.__setattr__(entry.request, "body", b'{"name": 7, "oops": true}')
    assert entry.reply is not None
    object.__setattr__(entry.reply, "data", {"id": 1})
    object.__setattr__(entry.reply, "status", 200)
    problems = check_log(vercel.twin, documents(PUBLISHED), CALLS)
    wrong = [one.problems for one in problems if one.problems]
    assert len(wrong) == 1
    assert any("oops" in problem for problem in wrong[0])
    assert any(problem.startswith("answer 200") for problem in wrong[0])
