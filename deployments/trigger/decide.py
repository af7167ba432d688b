"""Decides what an event asks for: a push releases, a person orders, a vendor's alert gets the flow that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deployments.trigger.event import Event
from deployments.trigger.order import LONGEST_TEXT, Order, order_of
from infra.errors import BadInput

NO_COMMIT = "0" * 40
BRANCHES = "develop=staging,main=production"
PREVIEWS = "development"
# Flow and action for each kind of alert. There is none that guesses: an unknown one is refused, and a person looks.
ALERTS: Mapping[str, tuple[str, str]] = {
    "release-degraded": ("abort", ""),
    "version-degraded": ("rollback", ""),
    "process-lost": ("recover", ""),
    "traffic-attack": ("under-attack", "place"),
    "traffic-normal": ("under-attack", "lift"),
}
# What happens to a pull request, and what becomes of its preview.
PULL_REQUESTS = {"opened": "open", "synchronize": "open", "reopened": "open", "closed": "close"}
# An alert may come late or twice: by what it names, one about a version that is gone by then does nothing.
ABOUT_A_VERSION = ("release-degraded", "version-degraded")


def branches_of(text: str) -> dict[str, str]:
    """`develop=staging,main=production` as a table. Raises BadInput."""
    pairs = [[word.strip() for word in pair.split("=")] for pair in text.split(",")]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise BadInput("branches", f"{text!r} is not branch=environment,...", f"write it like {BRANCHES}")
    return {pair[0]: pair[1] for pair in pairs}


def decide(event: Event, branches: Mapping[str, str], previews: str = PREVIEWS) -> Order:
    """What to run; `previews` is the environment that shows pull requests.

    Raises BadInput for an event that starts nothing, with the list of those that do.
    """
    refuse_forks(event)
    deciders: dict[str, Callable[[], Order]] = {
        "push": lambda: _push(event, branches),
        "pull_request": lambda: _pull_request(event, previews),
        "workflow_dispatch": lambda: _by_hand(event),
        "repository_dispatch": lambda: _alert(event),
    }
    if event.name not in deciders:
        raise BadInput("event", f"{event.name!r} starts nothing", f"these do: {', '.join(deciders)}")
    return deciders[event.name]()


def refuse_forks(event: Event) -> None:
    """Raises BadInput for a pull request from a fork, and for any event in a fork: they get no credential here."""
    head = event.text("pull_request", "head", "repo", "full_name")
    if event.table("pull_request") and head != event.repository:
        whose = head or "a repository that is gone"
        raise BadInput("event", f"a pull request from the fork {whose} starts nothing here", "merge it first")
    if event.table("repository").get("fork") is True:
        problem = f"{event.repository} is a fork, and forks release nothing"
        raise BadInput(
            "event", problem, "release by hand where it is meant to be: pipeline release --repo ... --ref ..."
        )


def _push(event: Event, branches: Mapping[str, str]) -> Order:
    branch = event.ref.removeprefix("refs/heads/")
    if branch == event.ref or branch not in branches:
        known = ", ".join(f"{one} to {where}" for one, where in branches.items())
        raise BadInput("ref", f"a push to {event.ref!r} releases nothing", f"these do: {known}")
    sha = event.text("after") or event.sha
    if event.payload.get("deleted") is True or sha == NO_COMMIT:
        raise BadInput("ref", f"{branch} was deleted, so there is nothing to release", "push a commit")
    why = f"{event.actor} pushed to {branch} of {event.repository}"
    facts = {"repository": event.url, "ref": sha, "why": why}
    return order_of("release", branches[branch], facts, event.key)


def _pull_request(event: Event, previews: str) -> Order:
    """Its newest commit, of which alone a preview may be."""
    what, number = event.text("action"), event.payload.get("number")
    if what not in PULL_REQUESTS:
        known = ", ".join(PULL_REQUESTS)
        raise BadInput("action", f"a pull request that was {what!r} starts nothing", f"these do: {known}")
    facts = {"repository": event.url, "ref": event.text("pull_request", "head", "sha"), "action": PULL_REQUESTS[what]}
    return order_of("preview", previews, facts | {"pull_request": str(number)}, event.key)


def _by_hand(event: Event) -> Order:
    # A choice cannot be left empty at GitHub, so its form says none.
    said = event.table("inputs").items()
    inputs = {name: value for name, value in said if isinstance(value, str) and value != "none"}
    reason = inputs.get("reason", "").strip()
    if not reason:
        raise BadInput("reason", "is missing", "say why: people will read it")
    why = f"{event.actor} asked for it: {reason}"
    facts = {"repository": event.url, "ref": event.sha, "why": why, "who": event.actor}
    given = facts | {
        name: value for name, value in inputs.items() if value.strip() and name not in ("who", "why", "repository")
    }
    return order_of(inputs.get("flow", ""), inputs.get("environment", ""), given, event.key)


def _alert(event: Event) -> Order:
    kind, said = event.text("action"), event.table("client_payload")
    if kind not in ALERTS:
        known = ", ".join(f"{alert} ({flow})" for alert, (flow, _) in ALERTS.items())
        raise BadInput("alert", f"{kind!r} is not known, so nothing is done about it", f"these are: {known}")
    facts = {name: value for name, value in said.items() if isinstance(value, str)}
    flow, action = ALERTS[kind]
    meant = facts.get("release", "").strip() or facts.get("version", "").strip()
    if kind in ABOUT_A_VERSION and not meant:
        hint = "send what the app calls itself (its APP_VERSION) as version, or the release's id as release"
        raise BadInput("version", f"is missing, and {kind} is about one", hint)
    reason = _shortened(f"{kind}: {facts.get('reason', '').strip() or 'it gave no reason'}")
    given = {"app": facts.get("app", ""), "reason": reason, "action": action, "who": event.actor, "release": meant}
    return order_of(flow, facts.get("environment", ""), given, event.key)


def _shortened(reason: str) -> str:
    """A vendor may say much; what it warns of is answered all the same."""
    return reason if len(reason) <= LONGEST_TEXT else f"{reason[: LONGEST_TEXT - 1]}…"
