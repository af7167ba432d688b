"""What is told of a release, whoever tells it and whatever dies in between: on a real object store and edge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from ramp_world import NAME, World

from deployments.twins.github import GithubTwin
from deployments.twins.github_state import REPOSITORY
from deployments.twins.moods import FOREVER, KINDS, Kind
from deployments.twins.server import VendorError
from deployments.twins.wire import Request
from infra.code_review.github_calls import CALLS, INSTALLATION_TOKEN, OPEN_ISSUE, RATE
from infra.code_review.github_calls import REPOSITORY as REPOSITORY_CALL
from infra.edge import Target
from infra.environment import ENVIRONMENTS_FOLDER, load_environment
from infra.errors import Unreachable
from tasks.code_review import expect_live_again, settle, tell_ends, tell_instead, tell_start, telling, told
from tasks.code_review.access import Reviewer
from tasks.code_review.untold import mark_untold, untold
from tasks.outcomes import GateClosed, LockLost
from tasks.records import Record, Standing, end_record, write_record
from tasks.release import Release

PULL = 7
TABLE = '[github]\nrepository = "{0}"\ntoken = "{1}"\napi = "{2}"\npages = "https://prefect.example"\n'
STAGES = ("unit tests", "canary 20 %")
NOT_TOLD = (RATE, REPOSITORY_CALL, OPEN_ISSUE, INSTALLATION_TOKEN)
TOLD = [call.operation for call in CALLS if call not in NOT_TOLD]
WRITTEN = ("repos/create-deployment", "repos/create-deployment-status", "checks/create", "checks/update")


@dataclass
class Story:
    """One release, told to the twin as a release tells it."""

    twin: GithubTwin
    record: Record

    @property
    def order(self) -> Release:
        return self.record.release

    def begin(self) -> None:
        write_record(self.record)
        tell_start(self.record)

    def do(self, stage: str, failure: BaseException | None = None) -> None:
        with told(self.order, stage, stage) as tell:
            tell("done")
            if failure:
                raise failure

    def end(self, standing: Standing, reason: str = "that was it") -> None:
        self.record = end_record(self.record, standing, reason)
        tell_ends(NAME)
        settle()

    def whole(self, standing: Standing = "rolled back") -> None:
        self.begin()
        for stage in STAGES:
            self.do(stage)
        self.end(standing)

    def states(self) -> list[str]:
        (deployment,) = self.twin.state.deployments
        return [said["state"] for said in self.twin.state.statuses[deployment["id"]]]

    def checks(self) -> dict[str, str]:
        return {run["external_id"].partition("/")[2]: str(run["conclusion"]) for run in self.twin.state.check_runs}

    def writes(self) -> int:
        return sum(entry.request.method != "GET" for entry in self.twin.log)

    def is_marked(self) -> bool:
        return (self.order.app, self.order.id) in untold(self.order.platform.objects)


@pytest.fixture
def story(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr("infra.code_review.github_api.TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(telling, "BOARD", telling.Board())
    file = world.place.folder / f"{NAME}.toml"
    before = file.read_text()
    with GithubTwin() as twin:
        monkeypatch.setenv("T_GITHUB_TOKEN", twin.token)
        file.write_text(before + TABLE.format(REPOSITORY, "env:T_GITHUB_TOKEN", twin.url))
        app, source = world.platform.app, world.source
        version = source.version if len(source.version) == 40 else "a" * 40
        order = Release(f"v2-{time.time_ns()}", NAME, app, source.repository, "v2", version, "v2", str(source.folder))
        twin.state.pulls[version] = [PULL]
        yield Story(twin, Record(order, "0" * 8, "running", time.time()))
        settle()
        for stored in order.platform.objects.list("untold/"):
            order.platform.objects.delete(stored.key)
    file.write_text(before)


def dies(patch: pytest.MonkeyPatch) -> None:
    """As if the process were killed: what it has not told, it never tells, and the next one remembers nothing."""
    telling.BOARD.settle(0)
    patch.setattr(telling, "BOARD", telling.Board())
    patch.setattr(telling, "_TELLING", {})


def test_a_release_is_told_from_begin_to_end_and_then_nobody_has_to(story: Story) -> None:
    story.whole("rolled back")
    assert story.states() == ["in_progress", "failure"]
    assert story.checks() == {"unit-tests": "success", "canary-20": "success"}
    (comment,) = story.twin.state.comments[PULL]
    assert "was rolled back" in comment["body"]
    assert not story.is_marked()
    before = story.writes()
    tell_ends(NAME)
    settle()
    assert story.writes() == before


ENDS: dict[Standing, str] = {
    "rolled back": "failure",
    "gate closed": "failure",
    "failed": "error",
    "way back failed": "error",
    "promoted": "inactive",  # the edge of this test has another version live
}


@pytest.mark.parametrize("standing", ENDS)
def test_every_end_has_its_state(story: Story, standing: Standing) -> None:
    story.whole(standing)
    assert story.states() == ["in_progress", ENDS[standing]]


def test_a_failing_stage_and_one_that_was_cancelled_say_why(story: Story) -> None:
    story.begin()
    with pytest.raises(GateClosed):
        story.do("unit tests", GateClosed("unit tests at v2: 3 over 0"))
    with pytest.raises(KeyboardInterrupt):
        story.do("canary 20 %", KeyboardInterrupt())
    story.end("failed", "somebody cancelled the run")
    assert story.checks() == {"unit-tests": "failure", "canary-20": "cancelled"}
    assert story.twin.state.check_runs[0]["output"]["title"] == "unit tests at v2: 3 over 0"


def test_after_retry_what_is_taken_over_says_so_and_what_is_done_anew_is_another_check(story: Story) -> None:
    from prefect.states import Completed

    story.begin()
    story.do("unit tests")
    with pytest.raises(GateClosed):
        story.do("canary 20 %", GateClosed("v2 at 20 %: no"))
    story.end("rolled back")

    story.record = replace(story.record, standing="running", attempt=2, reason="")
    story.begin()
    state = Completed(name="Cached", message="taken over from attempt 1, finished at 12:00:00 UTC after 3.0 s")
    tell_instead(story.order, "unit tests", "unit tests", state, is_skipped=False)
    story.do("canary 20 %")
    story.end("gate closed")

    assert story.states() == ["in_progress", "failure", "in_progress", "failure"]
    runs = [(run["external_id"].partition("/")[2], run["conclusion"]) for run in story.twin.state.check_runs]
    assert runs == [("unit-tests", "success"), ("canary-20", "failure"), ("canary-20", "success")]
    assert story.twin.state.check_runs[0]["output"]["title"].startswith("taken over from attempt 1")
    assert len(story.twin.state.comments[PULL]) == 1


def test_what_a_killed_release_left_open_is_ended_by_who_takes_it_back(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.begin()
    manager = told(story.order, "canary 20 %", "canary 20 %")
    manager.__enter__()
    telling.BOARD.settle(5)
    dies(monkeypatch)
    assert story.twin.state.names_of_open() == [f"pipeline / {NAME} / canary 20 %"]

    tell_ends(NAME)
    settle()
    assert story.states() == ["in_progress"], "nobody has taken it back yet"

    story.end("rolled back", "its process died")
    assert story.states() == ["in_progress", "failure"]
    assert story.checks() == {"canary-20": "cancelled"}


MOMENTS = range(12)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_after_any_write_the_next_one_tells_the_rest_and_nothing_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """The twin goes silent after so many writes, and stays so until the process is gone."""
    limit = moment
    admit = GithubTwin.admit

    def admit_some(twin: GithubTwin, request: object) -> None:
        admit(twin, request)  # type: ignore[arg-type]
        if story.writes() >= limit:
            raise BrokenPipeError("killed")

    monkeypatch.setattr(GithubTwin, "admit", admit_some)
    story.begin()
    for stage in STAGES:
        story.do(stage)
    story.record = end_record(story.record, "rolled back", "that was it")
    tell_ends(NAME)
    telling.BOARD.settle(1)
    dies(monkeypatch)
    limit = 10_000

    tell_ends(NAME)
    settle()
    if story.twin.state.deployments:
        assert story.states()[-1] == "failure"
        assert len(story.twin.state.deployments) == 1
    assert story.twin.state.names_of_open() == []
    assert len(story.twin.state.comments.get(PULL, [])) <= 1
    assert not story.is_marked()


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("mood", KINDS)
@pytest.mark.parametrize("operation", TOLD)
def test_in_every_mood_of_every_call_the_release_hears_nothing_and_in_good_weather_all_is_told(
    story: Story, operation: str, mood: Kind, lasting: bool
) -> None:
    story.twin.moods.set(operation, mood, times=FOREVER if lasting else 1, seconds=0.7 if mood == "silent" else 0.05)
    began = time.monotonic()
    story.begin()
    for stage in STAGES:
        story.do(stage)
    assert time.monotonic() - began < 5, "a release does not wait"
    story.end("rolled back")

    story.twin.moods.clear()
    tell_ends(NAME)
    settle()
    assert len(story.twin.state.deployments) <= 1
    assert len(story.twin.state.comments.get(PULL, [])) <= 1
    assert story.twin.state.names_of_open() == []
    if mood != "forbidden":
        assert story.states()[-1] == "failure"
        assert sorted(set(story.states())) == sorted({"in_progress", "failure"} & set(story.states()))


def test_who_lost_the_environment_says_nothing_more_of_the_stage(story: Story) -> None:
    story.begin()
    with pytest.raises(LockLost):
        story.do("canary 20 %", LockLost("somebody else has it"))
    telling.BOARD.settle(5)
    assert story.twin.state.names_of_open() == [f"pipeline / {NAME} / canary 20 %"]


@pytest.mark.parametrize("token", ["env:T_NOBODY_SET_THIS", "block:github-credentials/nobody-made-this"])
def test_a_token_that_is_missing_stops_nothing(story: Story, world: World, token: str) -> None:
    file = world.place.folder / f"{NAME}.toml"
    file.write_text(file.read_text().replace("env:T_GITHUB_TOKEN", token))
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api", PREFECT_CLIENT_MAX_RETRIES: 0}):
        story.whole("gate closed")
    assert story.twin.log == []


def test_an_environment_without_github_costs_nothing(story: Story, world: World) -> None:
    world.place.write()
    story.whole()
    assert story.twin.log == []
    assert story.order.platform.objects.list("untold/") == []


def test_a_store_that_is_silent_fails_nothing(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_release: Release) -> None:
        raise Unreachable("the store is silent", "wait")

    monkeypatch.setattr(telling, "mark_untold", silent)
    story.begin()
    story.do("unit tests")
    settle(1)
    assert story.twin.state.deployments == [], "nothing is told that nobody could end"


def test_a_record_that_cannot_be_read_keeps_no_other_from_being_told(story: Story) -> None:
    objects = story.order.platform.objects
    objects.put("untold/aaa/damaged", b"")
    objects.put("releases/aaa/damaged/record.json", b"{not json")
    objects.put("untold/aaa/without-a-record", b"")
    story.whole()
    assert story.states() == ["in_progress", "failure"]
    assert untold(objects) == [("aaa", "damaged")]
    objects.delete("releases/aaa/damaged/record.json")


def end_with(story: Story, count: int, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """With so many others that ended while nobody could be told, and a twin that is silent after so many calls."""
    for number in range(count):
        order = replace(story.order, id=f"v0-{number:03}-{time.time_ns()}")
        write_record(Record(order, "0" * 8, "failed", time.time(), time.time()))
        mark_untold(order)
    admit = GithubTwin.admit

    def admit_some(twin: GithubTwin, request: Request) -> None:
        admit(twin, request)
        if len(twin.log) >= calls:
            raise BrokenPipeError("silent")

    monkeypatch.setattr(GithubTwin, "admit", admit_some)
    story.begin()
    story.record = end_record(story.record, "failed", "that was it")
    tell_ends(NAME)
    settle(60)


def test_of_a_backlog_that_is_too_long_for_one_flow_our_own_is_told_and_some_of_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_with(story, 12, monkeypatch, calls=40)
    assert not story.is_marked()
    assert 0 < len(untold(story.order.platform.objects)) < 12


def test_however_many_marks_there_are_our_own_is_told_first(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        story.order.platform.objects.put(f"untold/aaa/without-a-record-{number}", b"")
    end_with(story, 0, monkeypatch, calls=10_000)
    assert story.states() == ["in_progress", "error"]
    assert untold(story.order.platform.objects) == []


def test_a_commit_that_github_does_not_know_is_told_no_more(story: Story) -> None:
    story.twin.state.commits = {"b" * 40}
    story.whole()
    assert not story.is_marked()


@pytest.mark.parametrize(("days", "is_marked"), [(0, True), (8, False)])
def test_what_cannot_be_found_may_be_the_tokens_fault_for_a_week(
    story: Story, monkeypatch: pytest.MonkeyPatch, days: int, is_marked: bool
) -> None:
    story.begin()
    settle()

    def nowhere(_twin: GithubTwin, _request: Request) -> None:
        raise VendorError(404, "", "Not Found")

    monkeypatch.setattr(GithubTwin, "admit", nowhere)
    write_record(replace(story.record, standing="failed", ended=time.time() - days * 86_400))
    tell_ends(NAME)
    settle()
    assert story.is_marked() == is_marked


def make_live(story: Story) -> None:
    story.order.platform.edge.attach("green", Target(story.order.deployment, "127.0.0.1:9", "v2"))
    story.order.platform.edge.make_live("green")


def test_a_rollback_that_could_not_be_told_or_was_killed_is_told_by_the_next_one(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.whole("promoted")
    assert not story.is_marked()
    expect_live_again(story.order, "v3 was wrong")
    make_live(story)
    dies(monkeypatch)

    tell_ends(NAME)
    settle()

    assert story.states()[-1] == "success"
    assert "live again: v3 was wrong" in str(story.twin.state.statuses)
    assert not story.is_marked()


def test_a_rollback_that_was_killed_before_it_did_anything_is_said_of_nobody(story: Story) -> None:
    story.whole("promoted")
    expect_live_again(story.order, "v3 was wrong")
    tell_ends(NAME)
    settle()
    assert story.states()[-1] == "inactive"
    assert "live again" not in str(story.twin.state.statuses) + str(story.twin.state.comments)


def test_examples_and_the_reviewer_agree(tmp_path: Path) -> None:
    text = (ENVIRONMENTS_FOLDER / "example.toml").read_text().replace('name = "example"', 'name = "here"')
    (tmp_path / "here.toml").write_text(text)
    github = load_environment("here", tmp_path).github
    assert github is not None
    assert (github.owner, github.name) == ("securyflex", "app")
    assert Reviewer("here").may_check
