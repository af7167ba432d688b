"""Which event starts what, and which starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.trigger.decide import ABOUT_A_VERSION, ALERTS, BRANCHES, branches_of, decide
from deployments.trigger.event import Event
from deployments.trigger.order import ACTIONS, FIELDS, LONGEST_TEXT, order_of
from infra.errors import BadInput

MAP = branches_of(BRANCHES)
SHA = "a" * 40


def event(name: str, payload: Mapping[str, Any], ref: str = "refs/heads/main") -> Event:
    url = "https://github.com/acme/app.git"
    return Event(name, payload, "acme/app", url, ref, SHA, "ann", "github/acme/app/7/1")


@pytest.mark.parametrize(("branch", "where"), [("develop", "staging"), ("main", "production")])
def test_a_push_releases_the_commit_that_was_pushed_to_its_branchs_environment(branch: str, where: str) -> None:
    order = decide(event("push", {"after": SHA}, f"refs/heads/{branch}"), MAP)
    assert (order.flow, order.environment, order.parameters["ref"]) == ("release", where, SHA)
    assert order.parameters["repository"] == "https://github.com/acme/app.git"
    assert order.parameters["why"] == f"ann pushed to {branch} of acme/app"


FORK = {"pull_request": {"head": {"repo": {"full_name": "eve/app"}}}}
GONE = {"pull_request": {"head": {"repo": None}}}
OWN = {"pull_request": {"head": {"repo": {"full_name": "acme/app"}}}}
REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "another branch": ("push", {"after": SHA}, "refs/heads/feature", "releases nothing"),
    "a tag of a branch's name": ("push", {"after": SHA}, "refs/tags/main", "releases nothing"),
    "a deleted branch": ("push", {"after": "0" * 40, "deleted": True}, "refs/heads/main", "was deleted"),
    "a fork's pull request": ("pull_request", FORK, "refs/pull/1/merge", "from the fork eve/app starts nothing"),
    "a fork's with its secrets": ("pull_request_target", FORK, "refs/heads/main", "from the fork eve/app"),
    "a fork that is gone": ("pull_request", GONE, "refs/pull/1/merge", "a repository that is gone"),
    "a review of a fork's": ("pull_request_review", FORK, "refs/pull/1/merge", "from the fork"),
    "a label on our own pull request": ("pull_request", OWN | {"action": "labeled"}, "", "'labeled' starts nothing"),
    "a pull request without a number": ("pull_request", OWN | {"action": "closed"}, "", "is no number of one"),
    "a push inside a fork": ("push", {"repository": {"fork": True}}, "refs/heads/main", "is a fork"),
    "an event of another kind": ("issues", {}, "refs/heads/main", "'issues' starts nothing"),
    "an unknown alert": ("repository_dispatch", {"action": "panic"}, "", "'panic' is not known"),
    "an alert without a place": ("repository_dispatch", {"action": "process-lost"}, "", "environment: is missing"),
    "a bad version without its name": (
        "repository_dispatch",
        {"action": "version-degraded", "client_payload": {"environment": "production", "app": "shop", "version": " "}},
        "",
        "version: is missing, and version-degraded is about one",
    ),
    "a bad release without its name": (
        "repository_dispatch",
        {"action": "release-degraded", "client_payload": {"environment": "production", "app": "shop"}},
        "",
        "version: is missing",
    ),
    "no reason": ("workflow_dispatch", {"inputs": {"flow": "release"}}, "", "reason: is missing"),
}


@pytest.mark.parametrize(("name", "payload", "ref", "said"), REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused_with_words(name: str, payload: dict[str, Any], ref: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        decide(event(name, payload, ref), MAP)
    assert refused.value.hint


def test_an_unknown_alert_comes_with_the_list_of_those_that_are_known() -> None:
    with pytest.raises(BadInput) as refused:
        decide(event("repository_dispatch", {"action": "panic"}), MAP)
    assert all(alert in refused.value.hint for alert in ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_known_alert_gets_the_flow_that_answers_it(alert: str) -> None:
    about = {"environment": "production", "app": "shop", "version": "v3"}
    said = about | {"reason": "9 % of requests fail", "flow": "restore", "to_newer": "true"}
    order = decide(event("repository_dispatch", {"action": alert, "client_payload": said}), MAP)
    assert (order.flow, order.environment) == (ALERTS[alert][0], "production")
    if "reason" in order.parameters:
        assert order.parameters["reason"] == f"{alert}: 9 % of requests fail"
    assert order.parameters.get("release", "") == ("v3" if alert in ABOUT_A_VERSION else "")
    assert "to_newer" not in order.parameters


def test_an_alert_names_the_release_by_its_id_where_it_knows_it() -> None:
    said = {"environment": "production", "app": "shop", "version": "v3", "release": "v3-1a2b3c4d"}
    order = decide(event("repository_dispatch", {"action": "version-degraded", "client_payload": said}), MAP)
    assert order.parameters["release"] == "v3-1a2b3c4d"


@pytest.mark.parametrize("length", [480, 481, 482, 483, 30_000])
def test_an_alert_that_says_much_is_answered_all_the_same(length: int) -> None:
    payload = {"environment": "production", "app": "shop", "version": "v3", "reason": "x" * length}
    order = decide(event("repository_dispatch", {"action": "version-degraded", "client_payload": payload}), MAP)
    said = str(order.parameters["reason"])
    assert said.startswith("version-degraded: xxx")
    assert len(said) <= LONGEST_TEXT


PULLED = {"head": {"sha": SHA, "ref": "feature", "repo": {"full_name": "acme/app"}}}


@pytest.mark.parametrize(
    ("what", "done"), [("opened", "open"), ("synchronize", "open"), ("reopened", "open"), ("closed", "close")]
)
def test_a_pull_request_of_our_own_is_shown_until_it_is_closed(what: str, done: str) -> None:
    order = decide(event("pull_request", {"action": what, "number": 7, "pull_request": PULLED}), MAP, "test-bed")
    assert (order.flow, order.environment) == ("preview", "test-bed")
    facts = {"repository": "https://github.com/acme/app.git", "ref": SHA, "pull_request": 7, "action": done}
    assert order.parameters == facts


@pytest.mark.parametrize("number", [None, 0, -1, 1.5, "7;x", True])
def test_a_pull_request_has_a_number(number: object) -> None:
    with pytest.raises(BadInput, match="is no number of one"):
        decide(event("pull_request", {"action": "opened", "number": number, "pull_request": PULLED}), MAP)


def test_a_pull_request_that_names_no_repository_is_no_pull_request_of_ours() -> None:
    for head in ({}, {"pull_request": {"head": {"sha": SHA}}}):
        with pytest.raises(BadInput):
            decide(event("pull_request", {"action": "opened", "number": 7, **head}), MAP)


def test_a_person_orders_by_form_and_is_named() -> None:
    inputs = {"flow": "rollback", "environment": "staging", "reason": "it blinks", "app": "shop", "action": "none"}
    order = decide(event("workflow_dispatch", {"inputs": inputs}), MAP)
    assert (order.flow, order.parameters) == ("rollback", {"app": "shop", "reason": "it blinks"})


def test_a_form_cannot_name_another_repository_or_another_person() -> None:
    inputs = {"flow": "under-attack", "environment": "staging", "reason": "r", "action": "place", "who": "bob"}
    assert decide(event("workflow_dispatch", {"inputs": inputs}), MAP).parameters["who"] == "ann"
    inputs = {"flow": "release", "environment": "staging", "reason": "r", "repository": "https://evil.example/x.git"}
    order = decide(event("workflow_dispatch", {"inputs": inputs}), MAP)
    assert order.parameters["repository"] == "https://github.com/acme/app.git"
    assert order.parameters["why"] == "ann asked for it: r"


@pytest.mark.parametrize("ref", ["--upload-pack=x", "a b", "a..b", "$(id)", "x;y", "-"])
def test_what_git_or_a_shell_would_take_for_more_than_a_ref_is_none(ref: str) -> None:
    with pytest.raises(BadInput, match="cannot be a ref"):
        order_of("release", "local", {"ref": ref, "repository": "/r", "why": "w"}, "")


@pytest.mark.parametrize("flow", FIELDS)
def test_each_flow_names_what_it_lacks(flow: str) -> None:
    needed, possible = FIELDS[flow]
    full = dict.fromkeys(needed + possible, "value") | {"action": ACTIONS.get(flow, ("",))[0], "pull_request": "7"}
    assert set(order_of(flow, "local", full, "").parameters) == {*needed, *possible}
    for name in needed:
        with pytest.raises(BadInput, match=name):
            order_of(flow, "local", {**full, name: "  "}, "")


def test_the_same_event_has_one_name_and_a_second_attempt_another() -> None:
    first = order_of("recover", "local", {}, "github/acme/app/7/1")
    assert first.unique == order_of("recover", "local", {}, "github/acme/app/7/1").unique
    assert first.unique != order_of("recover", "local", {}, "github/acme/app/7/2").unique
    assert first.unique != order_of("backup", "local", {}, "github/acme/app/7/1").unique
    assert order_of("recover", "local", {}, "").unique != order_of("recover", "local", {}, "").unique


@pytest.mark.parametrize("text", ["", "main", "main=", "=production", "a=b=c", "a=b,,"])
def test_a_table_of_branches_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="branches"):
        branches_of(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
KEYS = ("after", "deleted", "repository", "pull_request", "inputs", "client_payload", "action", "head")


@given(
    st.sampled_from(["push", "workflow_dispatch", "repository_dispatch", "pull_request"]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5),
)
def test_no_payload_does_anything_but_order_or_be_refused(name: str, payload: dict[str, Any]) -> None:
    try:
        order = decide(event(name, payload), MAP)
    except BadInput:
        return
    assert order.flow in FIELDS
