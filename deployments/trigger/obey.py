"""Starts what was ordered, follows it, and takes it back when the job is cancelled. Never says that it went well
without having read so from the server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass

from deployments.cancelled import with_its_way_back
from deployments.cli import exit_codes
from deployments.prefect_api import FlowRun, PrefectApi
from deployments.prefect_wire import NotAllowed
from deployments.trigger.job_log import JobLog
from deployments.trigger.order import GOES_BACK_WHEN_CANCELLED, Order
from deployments.trigger.signals import Interrupted, interruptible, uninterrupted
from deployments.trigger.silence import OutOfReach, Silence
from deployments.trigger.summary import Summary
from deployments.trigger.watch_run import Watch
from infra.errors import PipelineError

# Of the ten seconds that a cancelled job has, an answer gets so many before it is asked for anew.
HURRIED_SECONDS = 2.0
# A start whose answer was lost may still reach the server this much later.
LATE_START_SECONDS = 4.0

# A way back takes seconds; one that Prefect cannot have ended (its worker is gone) is left to the recovery.
WAY_BACK_SECONDS = 900.0


class EndNotSeen(PipelineError):
    """The run was started, and how it ended could not be read."""


@dataclass(frozen=True)
class Job:
    """Everything that obeying an order needs. `url` is Prefect's API; `silence_seconds` is what is borne of it."""

    order: Order
    url: str
    silence_seconds: float
    log: JobLog
    variables: Mapping[str, str]

    @property
    def summary(self) -> Summary:
        """The job's files on GitHub."""
        return Summary(self.variables, self.log.line)


def obey(job: Job) -> int:
    """The exit code. Raises OutOfReach, NotAllowed and BadInput when nothing was started, EndNotSeen later."""
    watch: Watch | None = None
    started = time.monotonic()
    with interruptible():
        try:
            watch = _start(job)
            with job.log.group(f"{job.order}: the stages"):
                over = watch.until_over()
            with uninterrupted():
                _settle(job, watch)
                return _tell(job, watch, over, time.monotonic() - started)
        except Interrupted as interrupted:
            return _cancelled(job, watch, str(interrupted), started)
        except PipelineError as error:
            if watch is None:
                raise
            raise _unseen(job, watch, error) from error


def _start(job: Job) -> Watch:
    silence = Silence(job.silence_seconds, job.log.line)
    api, order = PrefectApi(job.url), job.order
    deployment = silence.bear(lambda: api.deployment(order.flow, order.environment), nonsense=False)
    run = _create(job, api, silence, deployment)
    job.log.line(f"{order}: {api.page(run.id)}")
    job.summary.started(order, run, api.page(run.id))
    return Watch(api, run, job.log, silence)


def _create(job: Job, api: PrefectApi, silence: Silence, deployment: str) -> FlowRun:
    """From here on a lost answer may hide a run that was started: asked again under the same name, it is the same."""
    parameters = {"environment": job.order.environment, **job.order.parameters}
    try:
        return silence.bear(lambda: api.create(deployment, parameters, job.order.unique), nonsense=True)
    except OutOfReach as lost:
        problem = f"whether {job.order} was started is not known: {lost.message}"
        raise EndNotSeen(problem, f"look at {job.url.removesuffix('/api')}; starting it again is safe") from lost


def _settle(job: Job, watch: Watch) -> None:
    """The outcome is known: what cannot be read any more does not change it."""
    try:
        watch.settle()
    except PipelineError as error:
        job.log.note("warning", f"the rest of the log could not be read: {error.message}")


def _tell(job: Job, watch: Watch, over: FlowRun, seconds: float) -> int:
    over = with_its_way_back(over, watch.lines)
    code = exit_codes.of(over.type, over.outcome)
    job.summary.ended(over, watch.stages, seconds, code)
    watch.show_whole_log()
    said = f"{over.outcome} after {seconds:.0f} s: {over.message}"
    job.log.note("notice", said, str(job.order)) if code == exit_codes.OK else job.log.note("error", said, over.outcome)
    return code


def _cancelled(job: Job, watch: Watch | None, how: str, started: float) -> int:
    """Ask first, explain later: the process may be killed within seconds. A second signal ends the waiting."""
    try:
        if job.order.flow not in GOES_BACK_WHEN_CANCELLED:
            return _left_alone(job, watch)
        run = _ask_to_go_back(job, watch)
    except Interrupted as again:
        raise _unasked(job, watch, str(again)) from again
    except PipelineError as error:
        raise _unseen(job, watch, error) from error
    try:
        job.log.line(f"{how}: this job was cancelled")
        if run is None:
            return _nothing_started(job)
        watch = watch or Watch(PrefectApi(job.url), run, job.log, Silence(job.silence_seconds, job.log.line))
        watch.api = PrefectApi(job.url)  # the signal may have cut the old one's connection in the middle of an answer
        job.log.line(f"asked to go back: {run.name} is {run.outcome}; {watch.api.page(run.id)}")
        with job.log.group(f"{job.order}: the way back"):
            over = watch.until_over(WAY_BACK_SECONDS)
        _settle(job, watch)
    except Interrupted as again:
        return _waits_no_longer(job, str(again))
    except PipelineError as error:
        raise _unseen(job, watch, error) from error
    with uninterrupted():
        return _tell(job, watch, over, time.monotonic() - started)


def ask_back(job: Job) -> int:
    """For a step of its own in a cancelled job: have what was started for this order go back, if it does not yet."""
    if job.order.flow not in GOES_BACK_WHEN_CANCELLED:
        return _left_alone(job, None)
    run = _ask_to_go_back(job, None)
    if run is None:
        return _nothing_started(job)
    job.log.line(f"asked to go back: {run.name} is {run.outcome}; {PrefectApi(job.url).page(run.id)}")
    return exit_codes.of(run.type, run.outcome) if run.is_over else exit_codes.CANCELLED


def _ask_to_go_back(job: Job, watch: Watch | None) -> FlowRun | None:
    """The run, once Prefect has taken the request; None when none was started."""
    api = PrefectApi(job.url, HURRIED_SECONDS)
    silence = Silence(job.silence_seconds, lambda line: job.log.line(f"NOT ASKED TO GO BACK YET: {line}"))
    run = watch.run.id if watch else _find(job, api, silence)
    if not run:
        return None
    tries = itertools.count(0 if watch else 1)
    return silence.bear(lambda: _cancel(api, run, is_again=next(tries) > 0), nonsense=True)


def _cancel(api: PrefectApi, run: str, *, is_again: bool) -> FlowRun:
    """A run that may have been asked is looked at first: Prefect would interrupt it once more, in its way back."""
    found = api.flow_run(run) if is_again else None
    return found if found and (found.is_over or found.type == "CANCELLING") else api.cancel(run)


def _find(job: Job, api: PrefectApi, silence: Silence) -> str:
    """The id of a run whose start was asked for, when its answer had not come by the time of the signal."""
    deadline = time.monotonic() + LATE_START_SECONDS
    while True:
        found = silence.bear(lambda: api.started_with(job.order.unique), nonsense=True)
        if found or time.monotonic() > deadline:
            return found.id if found else ""
        time.sleep(0.5)


def _left_alone(job: Job, watch: Watch | None) -> int:
    what = f"{job.order.flow} is left to go to its end: cut in the middle it would leave more behind"
    job.log.note("warning", f"{what}{f'; {watch.api.page(watch.run.id)}' if watch else ''}")
    return exit_codes.CANCELLED


def _nothing_started(job: Job) -> int:
    job.log.note("notice", f"nothing was started: {job.order}")
    return exit_codes.CANCELLED


def _waits_no_longer(job: Job, how: str) -> int:
    job.log.line(f"{how}: no longer waiting; the run was asked to go back and does so by itself")
    return exit_codes.CANCELLED


def _unasked(job: Job, watch: Watch | None, how: str) -> EndNotSeen:
    where = watch.api.page(watch.run.id) if watch else job.url.removesuffix("/api")
    problem = f"{job.order} MAY NOT HAVE BEEN ASKED TO GO BACK: {how} came before Prefect had confirmed it"
    return EndNotSeen(problem, f"it may go on to its end: cancel it at {where}, or `pipeline abort`")


def _unseen(job: Job, watch: Watch | None, error: PipelineError) -> EndNotSeen:
    """Where to look, since we cannot."""
    if isinstance(error, EndNotSeen):
        return error
    where = watch.api.page(watch.run.id) if watch else job.url
    asked = "renew the credential" if isinstance(error, NotAllowed) else "the run goes on without us"
    return EndNotSeen(f"how {job.order} ended could not be read: {error.message}", f"{asked}: {where}")
