"""Whether the world that a trial left is a legal one. Pure: two worlds in, every reason against the second one out."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.chaos.app import Version
from deployments.chaos.world import World

UNTOUCHED = ("gate closed", "failed", "refused", "")
STANDINGS = ("promoted", "rolled back", *UNTOUCHED)
OK = 200


@dataclass(frozen=True)
class Ending:
    """How the release says that it ended: its record's standing (empty without a record) and the flow run's state."""

    release: str
    standing: str
    reason: str
    flow_run: str
    is_final: bool


def judge(before: World, after: World, version: Version, ending: Ending) -> list[str]:
    """Every reason why `after` is not legal; empty when it is."""
    return [
        *_ended(ending, version),
        *(_promoted(before, after, version, ending) if ending.standing == "promoted" else _back(before, after, ending)),
        *_schema(before, after, version, ending),
        *_incident(after, ending),
        *unrest(after),
    ]


def _ended(ending: Ending, version: Version) -> list[str]:
    wrong = {
        f"the release stands at {ending.standing!r}: {ending.reason}": ending.standing not in STANDINGS,
        f"the flow run is still {ending.flow_run}": not ending.is_final,
        f"{version.tag} fails its visitors and was promoted": version.is_bad and ending.standing == "promoted",
    }
    return [text for text, is_so in wrong.items() if is_so]


def _promoted(before: World, after: World, version: Version, ending: Ending) -> list[str]:
    wrong = {
        f"{version.tag} is promoted, but {after.live or 'nothing'} is live": after.live != version.tag,
        f"{ending.release} is promoted, but in no slot": ending.release not in after.slots,
        f"{before.live} was live before {version.tag} and is in no slot": not _is_in_slot(before.live, after),
    }
    return [text for text, is_so in wrong.items() if is_so]


def _back(before: World, after: World, ending: Ending) -> list[str]:
    wrong = {
        f"{after.live or 'nothing'} is live, not {before.live} as before": after.live != before.live,
        f"in slots: {_list(after.slots)}; before: {_list(before.slots)}": after.slots != before.slots,
        f"{ending.release} went back, but runs": ending.release in after.running,
    }
    return [text for text, is_so in wrong.items() if is_so]


def _schema(before: World, after: World, version: Version, ending: Ending) -> list[str]:
    expanded = tuple(sorted({*before.revisions, *filter(None, [version.migration])}))
    if ending.standing == "promoted":
        return [] if after.revisions == expanded else [f"the schema is at {_list(after.revisions)}, not expanded"]
    if after.revisions == before.revisions:
        is_same = after.fingerprint == before.fingerprint
        return [] if is_same else [f"the schema is at {_list(after.revisions)}, but not as it was: fingerprints differ"]
    if after.revisions == expanded and version.migration in after.filled:
        return []  # left, since data was written into what it added
    return [f"the schema is at {_list(after.revisions)}, not at {_list(before.revisions)} as before"]


def _incident(after: World, ending: Ending) -> list[str]:
    is_missing = ending.standing == "rolled back" and f"release-{ending.release}" not in after.incidents
    return [f"{ending.release} went back and left no incident"] if is_missing else []


def unrest(after: World) -> list[str]:
    """What is wrong whatever was released: the next release could not begin in such a world."""
    wrong = {
        f"weight {after.weight}": after.weight != 0,
        f"running: {_list(after.running)}; in slots: {_list(after.slots)}": after.running != after.slots,
        f"visitors get {after.status or 'no answer'}": after.status != OK,
        f"the lock is held by the {after.lock}": bool(after.lock),
        f"held back: the log, by {_list(after.log_slots)}": bool(after.log_slots),
        f"not healthy: {_list(after.unhealthy)}": bool(after.unhealthy),
        f"processes of nobody: {_list(after.strays)}": bool(after.strays),
    }
    return [text for text, is_so in wrong.items() if is_so]


def _is_in_slot(version: str, after: World) -> bool:
    return any(deployment.startswith(f"{version}-") for deployment in after.slots)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
