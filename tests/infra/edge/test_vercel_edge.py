"""Vercel's edge at a twin: weights by rolling releases, live by promotion and instant rollback, and lost answers."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from deployments.twins.moods import FOREVER
from deployments.twins.vercel_place import VercelPlace
from infra.edge import Route, Target
from infra.edge.uncounted import NoCounts
from infra.errors import BadInput, Rejected, Unknown


def asked(place: VercelPlace, *operations: str) -> list[int]:
    return [len(place.twin.calls(operation)) for operation in operations]


def served(place: VercelPlace, count: int = 200) -> Counter[str]:
    with httpx.Client() as visitor:
        return Counter(visitor.get(f"http://{place.twin.domain}/").text.strip() for _ in range(count))


def test_nothing_is_live_before_the_first_version(vercel: VercelPlace) -> None:
    assert vercel.edge.route() == Route(None, 0, None, None)


def test_the_first_version_is_promoted_when_it_is_made_live(vercel: VercelPlace) -> None:
    first = vercel.release("v1")
    vercel.edge.attach("blue", first)
    assert vercel.edge.route() == Route(None, 0, first, None)
    for _ in range(2):
        vercel.edge.make_live("blue")
    assert vercel.edge.route() == Route("blue", 0, first, None)
    assert asked(vercel, "requestPromote", "requestRollback") == [1, 0]
    assert served(vercel, 5) == {"v1": 5}


def test_a_ramp_is_a_rolling_release_that_each_weight_steps_by_hand(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    config = vercel.twin.calls("updateRollingReleaseConfig")[0].request.data
    assert config["advancementType"] == "manual-approval"
    assert [stage["targetPercentage"] for stage in config["stages"]] == [10, 50, 100]
    assert vercel.edge.route().weight == 10
    assert 2 <= served(vercel)["v2"] <= 50
    vercel.edge.weigh(50)
    vercel.edge.weigh(50)
    assert asked(vercel, "startRollingRelease", "approveRollingReleaseStage") == [1, 1]
    assert vercel.edge.route().weight == 50
    assert 60 <= served(vercel)["v2"] <= 140
    vercel.edge.weigh(100)
    route = vercel.edge.route()
    assert (route.live, route.weight) == ("blue", 100)
    assert served(vercel, 20) == {"v2": 20}
    vercel.edge.make_live("green")
    assert vercel.edge.route() == Route("green", 0, route.blue, route.green)
    assert asked(vercel, "requestPromote", "completeRollingRelease") == [1, 1], "the one promotion is v1's"


@pytest.mark.parametrize("weight", [10, 50, 100])
def test_weight_0_sends_everyone_home_from_every_step(vercel: VercelPlace, weight: int) -> None:
    vercel.open_with_both(weight)
    vercel.edge.weigh(0)
    vercel.edge.weigh(0)
    route = vercel.edge.route()
    assert (route.live, route.weight) == ("blue", 0)
    assert served(vercel, 20) == {"v1": 20}
    assert asked(vercel, "requestRollback") == [1]
    vercel.edge.detach("green")
    assert vercel.edge.route().green is None


def test_a_version_goes_up_again_after_it_was_sent_home(vercel: VercelPlace) -> None:
    vercel.open_with_both(50)
    vercel.edge.weigh(0)
    vercel.edge.weigh(10)
    assert vercel.edge.route().weight == 10


def test_the_previous_version_is_made_live_again_by_an_instant_rollback(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    vercel.edge.make_live("green")
    vercel.edge.make_live("blue")
    assert served(vercel, 20) == {"v1": 20}
    assert vercel.edge.route().live == "blue"
    assert asked(vercel, "requestRollback") == [1]


def test_making_the_candidate_live_without_a_ramp_completes_what_a_promotion_begins(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    vercel.edge.make_live("green")
    vercel.edge.attach("blue", vercel.release("v3"))
    vercel.edge.make_live("blue")
    assert served(vercel, 20) == {"v3": 20}
    assert asked(vercel, "completeRollingRelease") == [2]


def test_a_weight_cannot_go_down_except_to_0(vercel: VercelPlace) -> None:
    vercel.open_with_both(50)
    with pytest.raises(Rejected, match=r"has 50 % of the visitors at Vercel, not 10 %: its stages are 10, 50, 100"):
        vercel.edge.weigh(10)
    assert vercel.edge.route().weight == 50


def test_a_weight_that_is_no_stage_is_refused(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    with pytest.raises(Rejected, match="not 30 %"):
        vercel.edge.weigh(30)


@pytest.mark.parametrize("weight", [-1, 101, True, 2.5])
def test_what_is_no_weight_is_bad_input(vercel: VercelPlace, weight: int) -> None:
    with pytest.raises(BadInput, match="weight"):
        vercel.edge.weigh(weight)


def test_a_version_that_was_live_gets_no_share_back(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    vercel.edge.make_live("green")
    with pytest.raises(Rejected, match="v1 has been live at Vercel before") as refused:
        vercel.edge.weigh(10)
    assert "watch.previous_percent = 0" in refused.value.hint


@pytest.mark.parametrize(
    ("plan", "slots", "reason"), [("hobby", None, "plan_not_supported"), ("pro", 0, "no_available")]
)
def test_a_plan_without_rolling_releases_is_said_before_anybody_is_sent_anywhere(
    vercel: VercelPlace, plan: str, slots: int | None, reason: str
) -> None:
    vercel.twin.production.plan, vercel.twin.production.slots = plan, slots
    vercel.edge.attach("blue", vercel.release("v1"))
    vercel.edge.make_live("blue")
    second = vercel.release("v2")
    with pytest.raises(Rejected, match=reason) as refused:
        vercel.edge.attach("green", second)
    assert "canary.weights = [100]" in refused.value.hint
    assert vercel.edge.route().green is None


def test_without_rolling_releases_a_ramp_of_one_step_promotes_and_goes_back(vercel: VercelPlace) -> None:
    vercel.twin.production.plan = "hobby"
    edge = vercel.edge_with([100])
    edge.attach("blue", vercel.release("v1"))
    edge.make_live("blue")
    edge.attach("green", vercel.release("v2"))
    edge.weigh(100)
    assert served(vercel, 10) == {"v2": 10}
    edge.weigh(0)
    assert served(vercel, 10) == {"v1": 10}
    edge.weigh(100)
    edge.make_live("green")
    assert served(vercel, 10) == {"v2": 10}


def test_slots_are_not_filled_or_emptied_while_they_have_visitors(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    before = vercel.edge.route()
    with pytest.raises(Rejected, match=r"slot blue .* is live"):
        vercel.edge.attach("blue", Target("v2", "x:1", "v2"))
    with pytest.raises(Rejected, match=r"slot green .* has weight 10"):
        vercel.edge.attach("green", Target("v1", "x:1", "v1"))
    with pytest.raises(Rejected, match=r"slot blue .* is live"):
        vercel.edge.detach("blue")
    assert vercel.edge.route() == before
    vercel.edge.detach("green")
    assert vercel.edge.route() == Route("blue", 0, before.blue, None)


def test_an_empty_slot_gets_nobody(vercel: VercelPlace) -> None:
    with pytest.raises(Rejected, match="nothing is live"):
        vercel.edge.weigh(10)
    with pytest.raises(Rejected, match="slot green of securyflex is empty"):
        vercel.edge.make_live("green")


def test_a_deployment_that_is_not_there_is_not_attached(vercel: VercelPlace) -> None:
    with pytest.raises(Rejected, match="deployment v9 does not exist at Vercel"):
        vercel.edge.attach("blue", Target("v9", "x:1", "v9"))


def test_what_somebody_else_made_live_is_seen_and_taken_over(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    third = vercel.release("v3")
    production = vercel.twin.production
    production.roll_back(next(iter(production.deployments)))
    production.config = None
    outside = next(one for one in production.deployments.values() if one.meta["pipelineRef"] == "v3")
    vercel.twin.production.settle()
    production.job_seconds = 0
    production.promote(outside.id)
    route = vercel.edge.route()
    assert (route.live, route.weight, route.live_target) == ("blue", 0, third)
    vercel.edge.detach("green")
    assert vercel.edge.route().live_target == third


def test_another_rolling_release_is_not_stepped(vercel: VercelPlace) -> None:
    vercel.open_with_both(10)
    vercel.edge.weigh(0)
    other = vercel.release("v3")
    identifier = next(one.id for one in vercel.twin.production.deployments.values() if one.meta["pipelineRef"] == "v3")
    vercel.twin.production.start(identifier)
    with pytest.raises(Rejected, match=f"a rolling release of {identifier} is under way"):
        vercel.edge.weigh(10)
    vercel.edge.make_live("blue")
    assert served(vercel, 10) == {"v1": 10}
    assert other


def test_a_promotion_of_what_is_live_already_is_a_success(vercel: VercelPlace) -> None:
    vercel.edge.attach("blue", vercel.release("v1"))
    vercel.twin.moods.set("requestPromote", "lost")
    vercel.edge.make_live("blue")
    assert vercel.edge.route().live == "blue"


def test_a_promotion_that_fails_names_the_domain_that_did_not_move(vercel: VercelPlace) -> None:
    vercel.edge.attach("blue", vercel.release("v1"))
    vercel.twin.production.jobs_fail = True
    with pytest.raises(Rejected, match=rf"Vercel's promote to dpl_\d+ failed: {vercel.twin.domain}"):
        vercel.edge.make_live("blue")
    assert vercel.edge.route().live is None
    vercel.twin.production.jobs_fail = False
    vercel.edge.make_live("blue")
    assert vercel.edge.route().live == "blue"


def test_a_job_that_does_not_end_is_unknown_with_the_numbers(vercel: VercelPlace) -> None:
    vercel.edge.attach("blue", vercel.release("v1"))
    vercel.twin.production.job_seconds = 60
    vercel.project.settings = vercel.settings.model_copy(update={"job_timeout_seconds": 0.3})
    with pytest.raises(Unknown, match=r"does not lead to dpl_\d+ after 0.3 s"):
        vercel.edge.make_live("blue")


@pytest.mark.parametrize("operation", ["startRollingRelease", "updateRollingReleaseConfig"])
@pytest.mark.parametrize("kind", ["lost", "malformed", "silent", "failing", "limited", "slow"])
def test_a_ramp_begins_in_every_mood(vercel: VercelPlace, operation: str, kind: str) -> None:
    vercel.open_with_both()
    vercel.twin.moods.set(operation, kind)
    vercel.edge.weigh(10)
    assert vercel.edge.route().weight == 10


@pytest.mark.parametrize("kind", ["lost", "malformed", "silent", "failing", "limited", "slow"])
def test_everyone_comes_home_in_every_mood_of_the_rollback(vercel: VercelPlace, kind: str) -> None:
    vercel.open_with_both(50)
    vercel.twin.moods.set("requestRollback", kind)
    vercel.edge.weigh(0)
    assert vercel.edge.route().weight == 0
    assert served(vercel, 10) == {"v1": 10}


def test_a_way_back_that_the_vendor_refuses_is_told_and_changes_nothing(vercel: VercelPlace) -> None:
    vercel.open_with_both(50)
    vercel.twin.moods.set("requestRollback", "forbidden", times=FOREVER)
    with pytest.raises(Rejected, match="requestRollback"):
        vercel.edge.weigh(0)
    assert vercel.edge.route().weight == 50


def test_nobody_counts_visitors_and_no_weight_is_lent(vercel: VercelPlace) -> None:
    with pytest.raises(NoCounts, match="does not count the visitors"):
        vercel.edge.counts(0, 500)
    assert vercel.edge.lease(10) is False
