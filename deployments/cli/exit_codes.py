"""What the shell learns of how it ended."""

from __future__ import annotations

OK = 0
FAILED = 1
REFUSED = 2
GATE_CLOSED = 3
ROLLED_BACK = 4
WAY_BACK_FAILED = 5
CANCELLED = 6
UNREACHABLE = 7

EXPLAINED = (
    "0 done, 1 failed, 2 refused before anything was touched, 3 gate closed, "
    "4 rolled back, 5 the way back failed, 6 cancelled, 7 Prefect does not answer"
)

_BY_OUTCOME = {
    "GateClosed": GATE_CLOSED,
    "RolledBack": ROLLED_BACK,
    "WayBackFailed": WAY_BACK_FAILED,
    "Refused": REFUSED,
}


def of(state_type: str, outcome: str) -> int:
    """The code for a flow run's last state. Only a COMPLETED one is 0."""
    if state_type == "COMPLETED":
        return OK
    if state_type == "CANCELLED":
        return CANCELLED
    return _BY_OUTCOME.get(outcome, FAILED)
