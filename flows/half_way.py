"""A way back that failed: opened as P1, on record, and announced, whoever went back."""

from __future__ import annotations

from tasks.announce import announce, one_line, open_incident
from tasks.outcomes import WayBackFailed
from tasks.records import Record, end_record

BECAUSE = "; it went back because of: "


def tell_half_way(record: Record, worse: WayBackFailed, reason: str) -> str:
    """One line: what failed, and after what. On record before it is announced: the guard tries again by the record.

    `reason` may be such a line itself, of the last try: then what it says of the first cause stays.
    """
    order, said = record.release, one_line(worse)
    message = f"{said}{BECAUSE}{reason.rpartition(BECAUSE)[2]}"
    open_incident(order, "P1", said, f"{worse}\n\n{message}")
    end_record(record, "way back failed", message)
    announce(order, f"{order.app} {order.label}: THE WAY BACK FAILED: {said}", str(worse), "critical")
    return message
