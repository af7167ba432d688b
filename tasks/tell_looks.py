"""What the looks at an environment found: one table, one incident for each kind, and word to people."""

from __future__ import annotations

import time

from prefect.artifacts import create_table_artifact

from infra.environment import load_environment
from infra.incidents import Incident
from infra.incidents.stored import StoredIncidents
from infra.platform import objects_of
from infra.redaction import redact
from tasks.looks import Look
from tasks.release import speaker
from tasks.stage import stage


@stage("show the looks")
def show_looks(environment: str, looks: list[Look], failed: dict[str, str]) -> None:
    """The artifact `looks-<environment>`, and its lines in the log."""
    rows = [_row(look.kind, "well", look.fact, "") for look in looks if not look.findings]
    rows += [_row(look.kind, one.severity or "told", one.what, one.todo) for look in looks for one in look.findings]
    rows += [
        _row(kind, "FAILED", why, "mend what it names; the next look comes tomorrow") for kind, why in failed.items()
    ]
    for row in rows:
        speaker()(f"{row['look']}: {row['state']}: {row['what']}" + (f" -- {row['to do']}" if row["to do"] else ""))
    create_table_artifact(rows, key=f"looks-{environment}", description=f"What was looked at in {environment}")


@stage("open and end incidents", tries=3)
def settle_incidents(environment: str, looks: list[Look]) -> list[str]:
    """The keys of those that are open now: one for each kind, however many nights it is found; over once it is not."""
    incidents, still = StoredIncidents(objects_of(load_environment(environment))), []
    for look in looks:
        key = f"{look.kind.replace(' ', '-')}-{environment}"
        grave = [one for one in look.findings if one.severity]
        severities = sorted(one.severity for one in grave if one.severity)
        if severities:
            title = f"{look.kind} in {environment}: {grave[0].what}" + (
                f" and {len(grave) - 1} more" if grave[1:] else ""
            )
            body = "\n".join(f"{one.what}\n  {one.todo}" for one in grave)
            opened = incidents.open(Incident(key, severities[0], title, body, time.time()))
            speaker()(
                f"incident {key} ({opened.severity}) since {time.strftime('%Y-%m-%d', time.gmtime(opened.opened))}"
            )
            still.append(key)
        elif look.is_whole and incidents.resolve(key):
            speaker()(f"incident {key} is over")
    return still


def _row(kind: str, state: str, what: str, todo: str) -> dict[str, str]:
    return {"look": kind, "state": state, "what": redact(what), "to do": redact(todo)}
