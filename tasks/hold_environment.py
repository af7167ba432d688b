"""One at a time: takes the environment for a release, or what else changes it, says so in the UI, and gives it back."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import PrefectException

from infra.environment import load_environment
from infra.locks import Busy, Holder, Lock, this_process
from infra.locks.of_environment import locks_of
from infra.orphans import end_orphans
from tasks.environment_page import show_environment_soon
from tasks.held import no_longer_held, now_held
from tasks.release import speaker
from tasks.stage import stage

ASK_EVERY_SECONDS = 2.0
SAY_EVERY_SECONDS = 30.0


@dataclass(frozen=True)
class Claim:
    """Who wants the environment: `name` is the id of a release, or of what else is done; `why` is for people."""

    environment: str
    name: str
    what: str
    app: str
    version: str
    why: str
    flow_run: str

    def holder(self) -> Holder:
        """This process as the holder."""
        return this_process(self.name, self.what, self.app, self.version, self.why, self.flow_run)


@stage("take the environment")
def take_environment(claim: Claim) -> Lock:
    """The lock. Waits for another holder where policy says so.

    A holder that died is passed over only by its own successor: the same release, tried again. Raises Busy, also for
    any other dead one: what it left comes first.
    """
    rules = load_environment(claim.environment).release
    deadline = time.monotonic() + (rules.wait_seconds if rules.when_busy == "wait" else 0)
    said = 0.0
    while True:
        try:
            return _take(claim)
        except Busy as busy:
            is_alive = locks_of(load_environment(claim.environment)).is_held_by_the_living(busy.lock)
            if not is_alive or time.monotonic() > deadline:
                raise
            if time.monotonic() - said > SAY_EVERY_SECONDS:
                said = time.monotonic()
                speaker()(f"waits: {busy.message}")
        time.sleep(ASK_EVERY_SECONDS)


def _take(claim: Claim) -> Lock:
    locks = locks_of(load_environment(claim.environment))
    try:
        lock = locks.acquire(claim.holder())
    except Busy as busy:
        if busy.lock.holder.name != claim.name or locks.is_held_by_the_living(busy.lock):
            raise
        lock = locks.take_over(busy.lock, claim.holder())
        end_orphans(speaker())
    return _told(claim, lock)


@stage("take over from the dead")
def take_over_environment(claim: Claim, seen: Lock) -> Lock:
    """The lock of a holder whose process is gone. Raises Busy when it lives, or when somebody was faster."""
    lock = locks_of(load_environment(claim.environment)).take_over(seen, claim.holder())
    # What the dead one started must not go on beside us.
    end_orphans(speaker())
    return _told(claim, lock)


@stage("give the environment back", tries=3)
def give_back_environment(environment: str, lock: Lock) -> bool:
    """False when it was no longer ours."""
    is_done = locks_of(load_environment(environment)).release(lock)
    no_longer_held(environment)
    speaker()(f"{environment} is free" if is_done else f"{environment} was no longer ours to give back")
    _show(environment, "free" if is_done else "held by somebody else: `pipeline status`")
    show_environment_soon(environment)
    return is_done


def _told(claim: Claim, lock: Lock) -> Lock:
    now_held(claim.environment, lock)
    speaker()(f"{claim.environment} is held by the {lock.holder}")
    _show(claim.environment, f"held by the {lock.holder}")
    show_environment_soon(claim.environment, wait_seconds=0)
    return lock


def _show(environment: str, text: str) -> None:
    try:
        create_markdown_artifact(f"**{environment}** is {text}", f"lock-{environment}", "Who may change it")
    except (PrefectException, httpx.HTTPError) as error:
        # The lock is the truth, this only shows it: a server that is away must not leave it taken.
        speaker()(f"the artifact lock-{environment} could not be written: {type(error).__name__}")
