"""Follows a flow run to its end, and shows each change of a stage and each warning as it comes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from deployments.prefect_api import FINAL, FlowRun, LogLine, PrefectApi, TaskRun
from deployments.trigger.job_log import JobLog, Kind
from deployments.trigger.silence import Silence
from infra.errors import Unknown

POLL_SECONDS = 1.0
UNTAKEN_SECONDS = 30.0
SETTLING_SECONDS = 8.0  # task runs and log lines reach the server some seconds after the fact
# Every line is read, for the warnings in it; so many of the last ones are kept, and read in one look.
PAGE_LINES, MOST_LINES = 200, 5000
WARNING, ERROR = 30, 40
PATIENCE_LOOKS = 10


@dataclass(frozen=True)
class Look:
    """The run, its stages, and its log from where the last look ended."""

    run: FlowRun
    stages: list[TaskRun]
    lines: list[LogLine]


@dataclass
class Watch:
    """One run that is watched. `stages` is what was last seen of it."""

    api: PrefectApi
    run: FlowRun
    log: JobLog
    silence: Silence
    stages: list[TaskRun] = field(default_factory=list)
    _lines: list[LogLine] = field(default_factory=list)  # the last ones
    _shown: dict[str, tuple[str, int]] = field(default_factory=dict)
    _state: str = ""
    _untold: list[tuple[LogLine, int]] = field(default_factory=list)
    _looks: int = 0
    _skip: int = 0

    def until_over(self, at_most_seconds: float = math.inf) -> FlowRun:
        """The run in its final state, as read from the server. Raises OutOfReach when it is silent for too long, and
        Unknown when it has not ended by then."""
        started, is_told = time.monotonic(), False
        while True:
            self._look()
            if self.run.is_over:
                return self.run
            if not is_told and self.run.type == "SCHEDULED" and time.monotonic() - started > UNTAKEN_SECONDS:
                is_told = True
                self.log.note("warning", "no worker has taken the run yet: is one running for this environment?")
            if time.monotonic() - started > at_most_seconds:
                raise Unknown(
                    f"{self.run.name} is still {self.run.outcome} after {at_most_seconds:.0f} s", "look at it"
                )
            time.sleep(POLL_SECONDS)

    def settle(self) -> None:
        """Wait a little for the last words and states of a run that is over."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while not self._is_settled and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            self._look()
        # Lines come sorted by their time: one that came late is before those that were read, and was passed over.
        self._skip = max(0, self._skip - MOST_LINES // 2)
        self._look()
        self._lines.sort(key=lambda line: line.time)

    @property
    def _is_settled(self) -> bool:
        said_all = any(not line.task and line.text.startswith("Finished in state") for line in self._lines)
        return said_all and all(stage.type in FINAL for stage in self.stages)

    @property
    def lines(self) -> Sequence[LogLine]:
        """What was read of its log, oldest first; of a long one the end."""
        return self._lines

    def show_whole_log(self) -> None:
        """Every line, in a group that is folded; of a long one the end."""
        self.tell(all_of_it=True)
        names = {stage.id: stage.name for stage in self.stages}
        kept, is_whole = len(self._lines), self._skip <= MOST_LINES
        what = f"The whole log, {kept} lines" if is_whole else f"The last {kept} of {self._skip} lines, see the page"
        with self.log.group(what):
            for line in self._lines:
                self.log.line(_told(line, names))

    def _look(self) -> None:
        look = self.silence.bear(self._ask, nonsense=True)
        self.run, self.stages = look.run, look.stages
        self._skip += len(look.lines)
        known = set(self._lines)
        fresh = [line for line in look.lines if line not in known]
        self._lines = [*self._lines, *fresh][-MOST_LINES:]
        if look.run.outcome != self._state:
            self._state = look.run.outcome
            self.log.line(f"{time.strftime('%H:%M:%S')} {look.run.name}: {look.run.outcome}")
        for stage in look.stages:
            self._show_stage(stage)
        self._untold += [(line, self._looks + PATIENCE_LOOKS) for line in fresh if line.level >= WARNING]
        self._looks += 1
        self.tell()

    def tell(self, *, all_of_it: bool = False) -> None:
        """Show the warnings that have come. A line may come before the stage that said it: its name is waited for."""
        names = {stage.id: stage.name for stage in self.stages}
        waiting, self._untold = self._untold, []
        for line, until in waiting:
            if line.task and line.task not in names and self._looks < until and not all_of_it:
                self._untold.append((line, until))
                continue
            kind: Kind = "error" if line.level >= ERROR else "warning"
            self.log.note(kind, line.text, names.get(line.task, ""))

    def _ask(self) -> Look:
        run = self.api.flow_run(self.run.id)
        stages, lines = self.api.task_runs(run.id), list[LogLine]()
        while len(lines) < MOST_LINES:
            page = self.api.log(run.id, self._skip + len(lines))
            lines += page
            if len(page) < PAGE_LINES:
                break
        return Look(run, stages, lines)

    def _show_stage(self, stage: TaskRun) -> None:
        now = (stage.outcome, stage.tries)
        if stage.type == "PENDING" or self._shown.get(stage.id) == now:
            return
        self._shown[stage.id] = now
        took = f" after {stage.seconds:.1f} s" if stage.type in FINAL else ""
        again = f", try {stage.tries}" if stage.tries > 1 else ""
        self.log.line(f"{time.strftime('%H:%M:%S')}   {stage.name}: {stage.outcome}{took}{again}")


def _told(line: LogLine, names: dict[str, str]) -> str:
    where = names.get(line.task, "")
    first, *rest = line.text.splitlines() or [""]
    return "\n".join([f"{line.time[11:19]} {where:<28} {first}", *(f"{'':<37} {more}" for more in rest)])
