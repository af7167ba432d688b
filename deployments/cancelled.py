"""What became of a run that was cancelled: Prefect calls it Cancelled, however its way back went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deployments.prefect_api import FlowRun, LogLine
from tasks.outcomes import WAY_BACK_FAILED_LINE

ERROR = 40


def with_its_way_back(over: FlowRun, log: Iterable[LogLine]) -> FlowRun:
    """The run as its release told it: one whose way back failed is no cancelled one. `log` are the run's lines."""
    if over.type != "CANCELLED" or not any(_says_so(line) for line in log):
        return over
    message = "it was cancelled, and its way back failed: see the log, then `pipeline recover` in its environment"
    return replace(over, type="FAILED", outcome="WayBackFailed", message=message)


def _says_so(line: LogLine) -> bool:
    return not line.task and line.level >= ERROR and line.text.startswith(WAY_BACK_FAILED_LINE)
