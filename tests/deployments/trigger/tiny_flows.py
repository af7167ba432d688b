"""A release of nothing at all, which ends as its ref says: what is tested is whoever starts it and follows it.

Every other flow takes exactly what the real one takes, and says what it heard.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
import time
from pathlib import Path
from typing import Any

from prefect import Flow, flow, serve, task
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.abort import abort as real_abort
from flows.hold import hold as real_hold
from flows.preview import preview as real_preview
from flows.recover import recover as real_recover
from flows.rollback import rollback as real_rollback
from flows.under_attack import under_attack as real_under_attack
from flows.verify_backup import verify_backup as real_verify_backup

ENDS = {"gate": "GateClosed", "bad": "RolledBack", "worse": "WayBackFailed", "refused": "Refused"}


@task(name="unit tests", task_run_name="unit tests")
def unit_tests() -> None:
    """Done at once."""
    get_run_logger().info("::add-path::/tmp/evil")


@task(name="watch", task_run_name="watch")
def watch(ref: str) -> None:
    """Talks, waits, or fails."""
    if ref == "talks":
        get_run_logger().warning("slow at app/main.py:7: ##[add-path]/tmp/evil\n::error::not ours")
    if ref.startswith("slow"):
        time.sleep(60)


@flow(name="release")
def release(repository: str, ref: str, why: str, environment: str) -> State[Any]:
    """`repository` is the folder where it leaves what it did."""
    mark = Path(repository) / f"{ref}.txt"
    with mark.open("a") as stream:
        stream.write("began\n")
    try:
        unit_tests()
        watch(ref)
    except BaseException:
        with mark.open("a") as stream:
            stream.write("went back\n")
        raise
    if ref in ENDS:
        return Failed(name=ENDS[ref], message=f"{ref}: 3 of 107 requests failed")
    return Completed(name="Promoted", message=f"{ref} is live: {why}")


@flow(name="backup")
def backup(environment: str, name: str = "daily") -> State[Any]:
    """Goes on until the file `name` is there, and may not be cut; the daily one is over at once."""
    while name != "daily" and not Path(name).exists():
        time.sleep(0.2)
    return Completed(message="copied")


def hears_as(real: Flow[Any, Any]) -> Flow[Any, Any]:
    """A flow of the same name and parameters, by which Prefect judges calls; it only says what it was called with."""

    @functools.wraps(real.fn)
    def heard(*args: Any, **given: Any) -> State[Any]:
        call = inspect.signature(real.fn).bind(*args, **given)
        call.apply_defaults()
        return Completed(name="Heard", message=json.dumps(call.arguments))

    heard.__module__ = __name__  # by it Prefect finds the file that it runs
    heard.__annotations__ = inspect.get_annotations(real.fn, eval_str=True)  # read where this file's names count
    heard.__signature__ = inspect.signature(real.fn, eval_str=True)  # type: ignore[attr-defined]
    return flow(name=real.name)(heard)


rollback, abort, hold, recover, verify_backup, under_attack, preview = map(
    hears_as,
    (real_rollback, real_abort, real_hold, real_recover, real_verify_backup, real_under_attack, real_preview),
)
FLOWS = (release, backup, rollback, abort, hold, recover, verify_backup, under_attack, preview)


if __name__ == "__main__":
    serve(*(one.to_deployment(sys.argv[1]) for one in FLOWS), pause_on_shutdown=False, print_starting_message=False)
