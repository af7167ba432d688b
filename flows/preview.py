"""A pull request to look at: its version at an address of its own, with a database of its own, until it is closed."""

from __future__ import annotations

from typing import Any, Literal, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows import outcome
from infra.errors import BadInput, PipelineError, Rejected
from infra.previews import Preview
from tasks.announce import one_line
from tasks.check_pull_request import check_is_newest, check_pull_request, is_still_open
from tasks.checkout import checkout
from tasks.close_preview import close_preview, find_previewed_app
from tasks.code_review import settle, tell_preview
from tasks.judge_preview import KINDS, judge_preview
from tasks.make_room_for_preview import make_room_for_preview
from tasks.open_preview import open_preview, prepare_preview_database
from tasks.outcomes import GateClosed
from tasks.previews import Asked, drop_working_copies, preview_held
from tasks.release import release_id
from tasks.run_checks import run_unit
from tasks.scan import scan
from tasks.smoke_test import smoke_test

OPENED, CLOSED = "Opened", "Closed"
AT_ONCE = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=2))


@flow(name="preview", flow_run_name="preview: {action} pull request {pull_request}", task_runner=AT_ONCE)
def preview(
    repository: str,
    ref: str,
    pull_request: int,
    action: Literal["open", "close"] = "open",
    environment: str = "local",
) -> State[Any]:
    """`open` shows `ref` of `repository`, in the place of what was shown of this pull request before; `close` ends all
    of it. Takes no lock of the environment: it touches nothing that visitors meet.

    Ends Opened, Closed (also when nothing was there), GateClosed, Refused, or Failed: then run it again.

    Args:
        repository: Git path or URL of the app; never a fork's
        ref: Branch, tag or commit of the pull request
        pull_request: Its number
        action: open shows it, or its next commit; close ends all of it
        environment: Whose project and whose limits; nothing else of it is touched
    """
    try:
        if action == "close":
            app = find_previewed_app(environment, repository, ref)
            with preview_held(environment, app, pull_request):
                return outcome.completed(CLOSED, _close(environment, app, pull_request))
        wanted = check_pull_request(environment, repository, ref, pull_request)
        name = release_id(f"preview-{pull_request}", str(flow_run.id))
        try:
            order = checkout(environment, repository, ref, name, is_passing=True)
            with preview_held(environment, order.app, pull_request):
                return _open(Asked(order, wanted))
        finally:
            drop_working_copies(environment, name)
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, str(error))
    except PipelineError as error:
        return outcome.failed(outcome.FAILED, one_line(error))
    finally:
        settle()


def _open(asked: Asked) -> State[Any]:
    """Nothing is undone when it fails: what is there is the preview before, or waits for the next try or the close."""
    order, number = asked.order, asked.wanted.pull_request
    check_is_newest(order.environment, number, order.version)
    try:
        shown = _show(asked)
    except BadInput:
        raise
    except PipelineError as failure:
        tell_preview(order.environment, order.app, number, "could not be shown", order, str(failure))
        is_no = isinstance(failure, (GateClosed, Rejected))
        return outcome.failed(outcome.GATE_CLOSED if is_no else outcome.FAILED, one_line(failure))
    if not is_still_open(order.environment, number):
        return outcome.completed(CLOSED, f"{_close(order.environment, order.app, number)}: it was closed meanwhile")
    tell_preview(order.environment, order.app, number, f"is at {shown.url}", order)
    return outcome.completed(OPENED, f"pull request {number} ({order.app} {order.label}) is at {shown.url}")


def _show(asked: Asked) -> Preview:
    """Before any of its code runs, it is scanned."""
    order = asked.order
    judge_preview(asked, [one.result() for one in [scan.submit(order, kind) for kind in KINDS]])
    run_unit(order)
    for ended in make_room_for_preview(asked):
        tell_preview(order.environment, order.app, ended, "was ended to make room for another one")
    prepare_preview_database(asked)
    shown = open_preview(asked)
    smoke_test(order, shown.url, is_preview=True)
    return shown


def _close(environment: str, app: str, pull_request: int) -> str:
    ended = close_preview(environment, app, pull_request)
    tell_preview(environment, app, pull_request, "has ended", may_not_begin=True)
    return f"ended of pull request {pull_request} ({app}): {', '.join(ended) or 'nothing, as nothing was there'}"
