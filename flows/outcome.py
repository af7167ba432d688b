"""How a flow run ends in the Prefect UI: the name of its last state is the outcome, its message the reason.

Messages are kept by the server and shown to everybody, so no secret passes from an error into one.
"""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from infra.redaction import redact

PROMOTED = "Promoted"
GATE_CLOSED = "GateClosed"
ROLLED_BACK = "RolledBack"
WAY_BACK_FAILED = "WayBackFailed"
REFUSED = "Refused"
FAILED = "Failed"


def completed(name: str, message: str) -> State[Any]:
    """A good end."""
    return Completed(name=name, message=redact(message))


def failed(name: str, message: str) -> State[Any]:
    """Any other end."""
    return Failed(name=name, message=redact(message))
