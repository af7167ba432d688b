"""Vercel's hosting at a twin: what is built, when it counts as running, and what a failure says."""

from __future__ import annotations

import httpx
import pytest

from deployments.twins.moods import FOREVER
from deployments.twins.vercel_place import VercelPlace
from deployments.twins.vercel_sites import Behaviour
from infra.errors import Rejected, Unknown
from infra.hosting import vercel_project
from infra.hosting.vercel_project import META_DEPLOYMENT, META_REF
from infra.http import Refused


def test_a_candidate_is_a_production_deployment_that_takes_no_domain(vercel: VercelPlace) -> None:
    vercel.release("v1")
    body = vercel.twin.calls("createDeployment")[-1].request.data
    assert (body["target"], body["autoAssignCustomDomains"]) == ("production", False)
    assert vercel.project.serving() is None
    assert httpx.get(f"http://{vercel.twin.domain}/").status_code == 404
    found = vercel.hosting.find("v1")
    assert found is not None
    assert (found.ref, found.is_running, len(found.version)) == ("v1", True, 40)
    assert httpx.get(found.url, headers=vercel.project.headers).text == "v1\n"
    assert httpx.get(found.url).status_code == 401, "its own address is protected"


def test_only_files_that_are_new_to_the_vendor_are_sent(vercel: VercelPlace) -> None:
    vercel.release("v1")
    assert len(vercel.twin.calls("uploadFile")) == 2
    vercel.release("v2")
    assert len(vercel.twin.calls("uploadFile")) == 3


def test_the_build_log_is_said_line_by_line_and_each_line_once(vercel: VercelPlace) -> None:
    vercel.release("v1")
    lines = [line for line in vercel.said if line == 'Running "npm run build"']
    assert len(lines) == 1


def test_a_build_that_fails_says_what_the_log_said_last(vercel: VercelPlace) -> None:
    vercel.twin.build.fails = True
    with pytest.raises(Rejected, match=r"ended ERROR: BUILD_FAILED: Command") as failure:
        vercel.release("v1")
    assert "Cannot find name 'oops'" in failure.value.hint
    with pytest.raises(Rejected, match=r"is ERROR, not READY"):
        vercel.hosting.start("v1", {}, print)


def test_a_failed_one_is_built_anew_and_a_good_one_is_not(vercel: VercelPlace) -> None:
    vercel.twin.build.fails = True
    with pytest.raises(Rejected):
        vercel.release("v1")
    vercel.twin.build.fails = False
    for _ in range(2):
        vercel.release("v1")
    assert len(vercel.twin.production.deployments) == 2


def test_a_build_that_takes_too_long_is_cancelled_and_unknown(vercel: VercelPlace) -> None:
    vercel.twin.build.seconds = 60
    with pytest.raises(Unknown, match=r"was BUILDING after 1 s and was cancelled"):
        vercel.hosting.build(vercel.source("v1", build_seconds=1), "v1", {}, print)
    assert [one.phase for one in vercel.twin.production.deployments.values()] == ["CANCELED"]


@pytest.mark.parametrize("kind", ["lost", "malformed", "silent", "failing"])
def test_a_creation_whose_answer_is_lost_makes_one_deployment(vercel: VercelPlace, kind: str) -> None:
    vercel.release("v0")
    vercel.twin.moods.set("createDeployment", kind)
    vercel.release("v0b")
    labels = [one.meta["pipelineRef"] for one in vercel.twin.production.deployments.values()]
    assert labels == ["v0", "v0b"]


def test_one_that_is_not_healthy_is_refused(vercel: VercelPlace) -> None:
    vercel.twin.behaviours["v1"] = Behaviour(error_share=1)
    with pytest.raises(Rejected, match=r"was not healthy within 2 s: http://.*/health gave 500"):
        vercel.release("v1")


def test_a_protected_one_without_the_bypass_says_what_to_make(vercel: VercelPlace) -> None:
    vercel.project.bypass = ""
    with pytest.raises(Rejected, match="gave 401") as refused:
        vercel.release("v1")
    assert "Protection Bypass for Automation" in refused.value.hint


def test_a_stopped_one_runs_no_more_until_it_is_started_again(vercel: VercelPlace) -> None:
    vercel.release("v1")
    vercel.hosting.stop("v1", 0)
    vercel.hosting.stop("v1", 0)
    vercel.hosting.stop("never built", 0)
    assert [one.is_running for one in vercel.hosting.deployments()] == [False]
    vercel.hosting.start("v1", {}, print)
    assert [one.is_running for one in vercel.hosting.deployments()] == [True]


def test_stopping_one_that_builds_cancels_it(vercel: VercelPlace) -> None:
    vercel.twin.build.seconds = 60
    made = vercel.twin.make(vercel.twin.name, "production", {META_DEPLOYMENT: "v1"})
    vercel.hosting.stop("v1", 0)
    assert made.phase == "CANCELED"
    assert vercel.hosting.find("v1") is None, "what was never built is not there"


def test_a_build_that_an_interrupted_run_began_is_taken_up_again(vercel: VercelPlace) -> None:
    meta = {META_DEPLOYMENT: "v1", META_REF: "v1"}
    vercel.twin.build.seconds = 0.5
    vercel.twin.make(vercel.twin.name, "production", meta)
    assert vercel.release("v1").version == "v1"
    assert len(vercel.twin.production.deployments) == 1


def test_deployments_are_ours_newest_first_however_many_pages_there_are(
    vercel: VercelPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vercel_project, "PAGE", 2)
    for label in ("v1", "v2", "v3", "v4", "v5"):
        vercel.release(label)
    already = len(vercel.twin.calls("getDeployments"))
    assert [one.id for one in vercel.hosting.deployments()] == ["v5", "v4", "v3", "v2", "v1"]
    assert len(vercel.twin.calls("getDeployments")) - already == 3


def test_what_others_deployed_is_not_ours(vercel: VercelPlace) -> None:
    vercel.release("v1")
    next(iter(vercel.twin.production.deployments.values())).meta.clear()
    assert vercel.hosting.deployments() == []


def test_a_log_that_cannot_be_read_is_said_and_ends_no_build(vercel: VercelPlace) -> None:
    vercel.twin.moods.set("getDeploymentEvents", "forbidden", times=FOREVER)
    vercel.release("v1")
    assert any("the build's log cannot be read now" in line for line in vercel.said)


def test_a_plan_that_is_full_is_refused_with_the_vendors_words(vercel: VercelPlace) -> None:
    vercel.twin.moods.set("createDeployment", "forbidden", times=FOREVER)
    with pytest.raises(Refused, match="The plan of this team does not include it"):
        vercel.release("v1")
