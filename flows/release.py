"""One version's whole journey to all users, and back when the evidence says so."""

from __future__ import annotations

import time
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows import outcome
from flows.environment_lock import claim_for, environment_held
from flows.expand import expand
from flows.half_way import tell_half_way
from flows.ramp import ramp
from flows.recovery import finish_open
from flows.way_back import go_back
from infra.environment import load_environment
from infra.errors import BadInput, PipelineError
from infra.locks import Busy
from tasks.announce import announce, one_line, open_incident
from tasks.attempt import end_attempt
from tasks.check_budget import check_budget
from tasks.check_gates import check_gates
from tasks.checkout import checkout, find_attempt
from tasks.code_review import tell_start
from tasks.lint_schema import lint_schema
from tasks.make_room import make_room
from tasks.next_attempt import next_attempt
from tasks.outcomes import WAY_BACK_FAILED_LINE, GateClosed, LockLost, WayBackFailed
from tasks.policy import waivers_of
from tasks.protect_data import protect_data
from tasks.prove_backup import prove_backup
from tasks.purge_cache import purge_cache
from tasks.records import Record, end_record
from tasks.release import Release, release_id
from tasks.report import write_report
from tasks.restore_to_point import hold_log, let_go_of_log
from tasks.run_checks import run_coverage, run_integration, run_unit
from tasks.scan import KINDS, scan
from tasks.shift_traffic import attach_candidate, is_promoted, promote
from tasks.smoke_test import smoke_test
from tasks.start_candidate import build_candidate, start_candidate
from tasks.watch import watch

Log = dict[str, Any]
CANCELLED = "somebody cancelled the run, in the UI or by a signal"
AT_ONCE = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=6))


@flow(name="release", flow_run_name="release {ref} to {environment}", task_runner=AT_ONCE)
def release(
    repository: str,
    ref: str,
    environment: str = "local",
    why: str = "a person asked for it",
    skip: list[str] | None = None,
    skip_reason: str = "",
    skip_who: str = "",
) -> State[Any]:
    """Release `ref` of `repository` (a git path or URL) to everyone in `environment`.

    Retry goes on where the last attempt failed: finished stages are taken over where what they found is still true.
    `skip` names stages that the environment's policy lets a person waive, with `skip_reason` and `skip_who`. Ends
    Promoted, GateClosed (nothing was touched), RolledBack, WayBackFailed or Refused.

    Args:
        repository: Git path or URL of the app; its pipeline.toml says how to run it
        ref: Branch, tag or commit
        environment: Where it goes
        why: Who or what asks for it; whoever is refused meanwhile reads this
        skip: Names of stages that the environment's policy lets a person waive
        skip_reason: Why they are skipped; needed with skip
        skip_who: Who decides that; needed with skip
    """
    try:
        waivers = waivers_of(load_environment(environment), skip or [], skip_reason, skip_who)
        unique = release_id(ref, str(flow_run.id))
        known = find_attempt(environment, unique)
        order = checkout(environment, repository, ref, unique, known)
        if known and known.standing == "promoted":
            return _promoted_before(order, known)
        with environment_held(claim_for(order, "release", why)) as lock:
            finish_open(environment, but=order.id)
            return make_attempt(next_attempt(order, known, lock, waivers))
    except (BadInput, Busy, WayBackFailed) as error:
        return outcome.failed(outcome.REFUSED, str(error))
    except LockLost as lost:
        return outcome.failed(outcome.FAILED, one_line(lost))
    except PipelineError as error:  # before it was on record, so nothing was touched; or what comes after its end
        return outcome.failed(outcome.FAILED, str(error))


def _promoted_before(order: Release, known: Record) -> State[Any]:
    """A retry of what went well: done, unless another version is live by now."""
    if is_promoted(order, order.platform.edge.route()):
        return outcome.completed(outcome.PROMOTED, known.reason)
    return outcome.failed(outcome.REFUSED, f"{order.label} was promoted and is not live any more: release it anew")


def make_attempt(record: Record) -> State[Any]:
    """The journey from end to end, and its way back when it fails."""
    order = record.release
    try:
        tell_start(record)
        if record.attempt > 1:
            go_back(order)  # what an attempt that was killed left half done is no ground to go on from
        log = run_stages(order)
    except LockLost:
        raise  # nothing more may be done here, not even the way back
    except BaseException as failure:
        ended = end_badly(record, failure)
        if not isinstance(failure, Exception):
            raise  # cancelled: Prefect says so; where the way back failed, the log and the record say that
        return ended
    return end_well(record, log)


def run_stages(order: Release) -> Log:
    """The journey, top to bottom; the log that is held meanwhile. Raises at the first no."""
    prove_quality(order)
    prove_backup(order)
    log = hold_log(order)
    protect_data(order)
    expand(order)
    build_candidate(order)
    candidate = start_candidate(order)
    smoke_test(order, candidate.url)
    slot = make_room(order)
    route = attach_candidate(order, slot, candidate)
    ramp(order, slot, candidate.url, route)
    promote(order, slot)
    purge_cache(order)
    watch(order, slot, candidate.url, order.settings.watch.seconds)
    return log


def prove_quality(order: Release) -> None:
    """Checks and scans at the same time, then every gate on what they found. Touches nothing."""
    checks = [run_unit.submit(order), run_integration.submit(order)]
    measured = run_coverage.submit(order)
    scans = [scan.submit(order, kind) for kind in KINDS]
    coverage = measured.result()
    for check in checks:
        check.result()
    lint_schema(order)
    check_gates(order, coverage, [one.result() for one in scans])
    check_budget(order)


def end_well(record: Record, log: Log) -> State[Any]:
    """Promoted: on record first, for nothing that is only told may take a good version back."""
    order = record.release
    end_attempt(order)
    took = time.time() - record.started
    message = f"{order.app} {order.label} is live for everyone in {order.environment} after {took:.0f} s"
    done = end_record(record, "promoted", message)
    try:
        let_go_of_log(order, log)
        end_record(done, "promoted", message, write_report(record, "promoted", message))
        announce(order, message, "", "info")
    except Exception as error:  # noqa: BLE001 - it is promoted, whatever could not be told
        get_run_logger().warning("promoted, but not all of it could be told: %s", one_line(error))
    return outcome.completed(outcome.PROMOTED, message)


def end_badly(record: Record, failure: BaseException) -> State[Any]:
    """The way back, then everybody is told. A way back that fails is the headline, its cause the context."""
    order, reason = record.release, one_line(failure) if isinstance(failure, Exception) else CANCELLED
    end_attempt(order)
    try:
        undone = go_back(order)
    except WayBackFailed as worse:
        get_run_logger().error(WAY_BACK_FAILED_LINE, exc_info=worse)
        return outcome.failed(outcome.WAY_BACK_FAILED, tell_half_way(record, worse, reason))
    if not undone:
        return _stop_untouched(record, failure, reason)
    report = write_report(record, "rolled back", reason)
    # Before the record says that it is over: whoever finishes it after a kill in between would have nothing to tell.
    open_incident(order, "P2", f"{order.app} {order.label} was rolled back: {reason}", "\n".join(undone))
    end_record(record, "rolled back", reason, report)
    announce(order, f"{order.app} {order.label} was rolled back: {reason}", "; ".join(undone), "warning")
    return outcome.failed(outcome.ROLLED_BACK, reason)


def _stop_untouched(record: Record, failure: BaseException, reason: str) -> State[Any]:
    """Nothing was changed yet, so there is nothing to put back and nobody to wake."""
    order = record.release
    is_gate = isinstance(failure, GateClosed)
    end_record(record, "gate closed" if is_gate else "failed", reason)
    what = "was stopped at a gate" if is_gate else "failed before anything was touched"
    announce(order, f"{order.app} {order.label} {what}: {reason}", str(failure), "warning")
    return outcome.failed(outcome.GATE_CLOSED if is_gate else outcome.FAILED, reason)
