"""Looks for work that the dead left in an environment, and finishes it; harmless when there is none."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import outcome
from flows.environment_lock import environment_held
from flows.recovery import finish_for, finish_open
from infra.environment import load_environment
from infra.errors import BadInput
from infra.locks import Busy
from infra.locks.of_environment import locks_of
from infra.platform import objects_of
from tasks.announce import one_line
from tasks.code_review import settle, tell_ends
from tasks.hold_environment import Claim
from tasks.outcomes import WayBackFailed
from tasks.records import open_records
from tasks.release import speaker

NOTHING_LEFT = "NothingLeft"
RECOVERED = "Recovered"


@flow(name="recover", flow_run_name="recover {environment}")
def recover(environment: str = "local") -> State[Any]:
    """Finish what dead processes left: releases in flight go back, ways back that failed are tried again.

    Never touches what the living hold. Ends Recovered, NothingLeft, WayBackFailed or Refused.

    Args:
        environment: What is looked through
    """
    try:
        done = [*_after_the_dead(environment), *_ways_back(environment)]
        if not done:
            tell_ends(environment)  # what could not be told when it happened
    except BadInput as error:
        return outcome.failed(outcome.REFUSED, str(error))
    except WayBackFailed as worse:
        return outcome.failed(outcome.WAY_BACK_FAILED, one_line(worse))
    finally:
        settle()
    if not done:
        return outcome.completed(NOTHING_LEFT, f"nobody died in {environment}")
    return outcome.completed(RECOVERED, "; ".join(done))


def _after_the_dead(environment: str) -> list[str]:
    """The holder of the environment, when its process is gone."""
    seen = locks_of(load_environment(environment)).read()
    return finish_for(_claim(environment, seen.holder.name, seen.holder.app), seen) if seen else []


def _ways_back(environment: str) -> list[str]:
    """Releases whose way back failed, or whose process is gone although nobody holds the environment for them."""
    if not open_records(objects_of(load_environment(environment))):
        return []
    try:
        with environment_held(_claim(environment, f"recovery-{flow_run.id}", "")):
            return finish_open(environment)
    except Busy as busy:
        speaker()(f"left alone: {busy.message}")
        return []


def _claim(environment: str, name: str, app: str) -> Claim:
    return Claim(environment, name, "recovery", app, "", "its process died", str(flow_run.id))
