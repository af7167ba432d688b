"""A full copy of the database to the object store, with proof that the log around it is archived too."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from tasks.release import release_id
from tasks.take_snapshot import take_snapshot


@flow(name="backup", flow_run_name="back up {environment}")
def backup(environment: str = "local", name: str = "daily") -> State[Any]:
    """Ends Completed with the snapshot's size and time in the message.

    Args:
        environment: What is backed up
        name: What the snapshot's name begins with
    """
    snapshot = take_snapshot(environment, release_id(name, str(flow_run.id)))
    took = f"{snapshot.bytes / 1e6:.1f} MB in {snapshot.seconds:.1f} s"
    return outcome.completed(
        "Completed", f"snapshot {snapshot.id}: {took}, log {snapshot.begin_lsn} to {snapshot.end_lsn}"
    )
