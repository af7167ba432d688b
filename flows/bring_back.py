"""The act of a restore and what people are told of it, for whoever asked and for whoever goes on after a death."""

from __future__ import annotations

from infra.database.targets import Target
from infra.errors import PipelineError
from tasks.announce import one_line
from tasks.raise_incident import raise_incident
from tasks.restore_database import restore_database

NAME = "restore"


def bring_back(environment: str, target: Target) -> str:
    """One line on how it went; to be called by whoever holds the environment. Goes on where a killed one was.

    Raises PipelineError, with a P1 incident opened.
    """
    try:
        done = restore_database(environment, target)
    except PipelineError as error:
        raise_incident(environment, NAME, "P1", f"the restore to {target} failed: {one_line(error)}", str(error))
        raise
    message = (
        f"{environment} is at {done.target}, from backup {done.backup}, after {done.seconds:.0f} s, of which nobody"
        f" could write for {done.closed_seconds:.1f} s; the old cluster is kept in {done.kept}"
    )
    raise_incident(environment, NAME, "P2", message, "what was written after the target is in the kept cluster")
    return message
