"""A full copy of the database to the object store, with proof that the log around it is archived too.

Without a log archive or PITR such copies are all there is: then they are made often enough to keep the promise.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from tasks.release import release_id
from tasks.take_snapshot import find_due, take_snapshot

NOT_DUE = "NotDue"


@flow(name="backup", flow_run_name="back up {environment}")
def backup(environment: str = "local", name: str = "daily", when_due: bool = False) -> State[Any]:
    """Ends Completed with the snapshot's size and time in the message, or NotDue: nothing was copied.

    Args:
        environment: What is backed up
        name: What the snapshot's name begins with; copies called `due` are thinned out to one a day after two days
        when_due: Only when a loss now would cost more than half of backups.rpo_max_seconds
    """
    if when_due:
        due = find_due(environment, str(flow_run.id))
        if not due.is_due:
            return outcome.completed(NOT_DUE, due.fact)
    snapshot = take_snapshot(environment, release_id(name, str(flow_run.id)))
    took = f"{snapshot.bytes / 1e6:.1f} MB in {snapshot.seconds:.1f} s"
    return outcome.completed(
        "Completed", f"snapshot {snapshot.id}: {took}, log {snapshot.begin_lsn} to {snapshot.end_lsn}"
    )
