"""A release of nothing at all, which ends as its ref says: what is tested is whoever starts it and follows it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from prefect import flow, serve, task
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

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
def backup(environment: str, name: str) -> State[Any]:
    """Goes on until the file `name` is there, and may not be cut."""
    while not Path(name).exists():
        time.sleep(0.2)
    return Completed(message="copied")


if __name__ == "__main__":
    deployments = [one.to_deployment(sys.argv[1]) for one in (release, backup)]
    serve(*deployments, pause_on_shutdown=False, print_starting_message=False)
