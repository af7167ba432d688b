"""What is told, and when: a release that begins, its stages one by one, and a backup that is not proven.

Each of these only puts a wish on the board. How a release ended is told beside this, from its record.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from infra.code_review import Check, Conclusion, Trouble
from infra.commands import Say
from infra.environment import load_environment
from infra.http import Limited, Refused
from tasks.code_review.access import Reviewer
from tasks.code_review.board import SETTLE_SECONDS, Board, Wish
from tasks.code_review.remarks import Facts, facts_of_failure, facts_of_result
from tasks.code_review.untold import mark_untold
from tasks.code_review.words import check_id, clean, comment_of, fenced, page_of, standing_of
from tasks.outcomes import Aborted, LockLost
from tasks.records import Record
from tasks.release import Release, speaker

P = ParamSpec("P")
T = TypeVar("T")
STANDING, ENDS, COMMENT, CHECK, CLOSE, NEXT = range(6)
UNDER_WAY = Facts("under way")
NO_CHECKS = (
    "no checks are shown: only a GitHub App may write them, with the right Checks: Read and write (app_id, "
    "installation and private_key of [github]); deployments, statuses and comments go on"
)
BOARD = Board()
_TELLING: dict[str, Telling] = {}


def never_fails(function: Callable[P, None]) -> Callable[P, None]:
    """For what only tells: its failure is logged, and nobody else's."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception:  # what is only told may fail no release
            logging.getLogger("pipeline").warning("not told where the code is reviewed", exc_info=True)

    return call


@dataclass
class Telling:
    """One release that is being told, by the process that makes it."""

    record: Record
    say: Say
    reviewer: Reviewer
    page: str
    began: dict[str, float] = field(default_factory=dict)

    def check(self, key: str, name: str, conclusion: Conclusion | None, facts: Facts) -> None:
        """Show a stage as it is now."""
        order, now = self.record.release, time.time()
        check = Check(
            id=check_id(order, key),
            name=f"pipeline / {order.environment} / {name}",
            version=order.version,
            conclusion=conclusion,
            title=facts.title,
            text=facts.text or facts.title,
            page=self.page,
            started=self.began.setdefault(key, now) if conclusion else now,
            ended=now if conclusion else None,
            remarks=facts.remarks,
        )
        if not conclusion:
            self.began[key] = now
        BOARD.put(Wish(("check", check.id), CHECK, lambda: self._show(check), self.say))

    def _show(self, check: Check) -> None:
        if not self.reviewer.may_check:
            return
        try:
            self.reviewer.review().show_check(check)
        except Refused as no:
            if isinstance(no, Limited) or no.status != 403:
                raise
            self.reviewer.may_check = False
            self.say(f"{NO_CHECKS}: {no.message}")


@never_fails
def tell_start(record: Record) -> None:
    """At the beginning of each attempt, once it is on record."""
    order = record.release
    settings = order.settings
    if settings.github is None:
        return
    reviewer, say = Reviewer(order.environment), speaker()
    _TELLING[order.id] = Telling(record, say, reviewer, page_of(settings, record.flow_run))

    def show() -> None:
        mark_untold(order)
        reviewer.review().show_standing(standing_of(record))

    BOARD.put(Wish(("standing", order.id), STANDING, show, say))
    BOARD.put(Wish(("comment", order.id), COMMENT, lambda: reviewer.review().show_comment(comment_of(record)), say))


@contextmanager
def told(release: Release, key: str, name: str) -> Iterator[Callable[[T], T]]:
    """A stage under way in the block, ended behind it. What the block gives to the function is the stage's result."""
    results: list[object] = []

    def remember(result: T) -> T:
        results.append(result)
        return result

    _tell_stage(release, key, name, None, lambda: UNDER_WAY)
    try:
        yield remember
    except LockLost:
        raise  # the release is somebody else's now, and so is what is said of it
    except BaseException as failure:
        ended: Conclusion = "failure" if isinstance(failure, Exception) else "cancelled"
        if isinstance(failure, Aborted):
            ended = "cancelled"
        lost = failure
        _tell_stage(release, key, name, ended, lambda: facts_of_failure(release, lost))
        raise
    _tell_stage(release, key, name, "success", lambda: facts_of_result(results[0] if results else None))


@never_fails
def tell_instead(release: Release, key: str, name: str, state: State[object], *, is_skipped: bool) -> None:
    """A stage that was taken over from an earlier attempt, or skipped by policy."""
    telling = _TELLING.get(release.id)
    if telling:
        telling.check(key, name, "skipped" if is_skipped else "success", Facts(clean(state.message or "")))


@never_fails
def _tell_stage(
    release: Release, key: str, name: str, conclusion: Conclusion | None, facts: Callable[[], Facts]
) -> None:
    telling = _TELLING.get(release.id)
    if telling:
        telling.check(key, name, conclusion, facts())


def is_own(release: str) -> bool:
    """Whether it is this process that makes it."""
    return release in _TELLING


def stop(release: str) -> None:
    """It has ended: of its stages nothing more is told."""
    _TELLING.pop(release, None)


@never_fails
def tell_backup(environment: str, about: str, title: str, body: str, *, is_over: bool) -> None:
    """A backup that is not proven, and one that is: an issue is open from the first night that fails to a good one."""
    if load_environment(environment).github is None:
        return
    reviewer, marker = Reviewer(environment), f"<!-- pipeline {about} {environment} -->"
    trouble = Trouble(marker, str(flow_run.id), clean(title), fenced(body), is_over)
    act = functools.partial(_show_trouble, reviewer, trouble)
    BOARD.put(Wish(("trouble", environment, about), STANDING, act, speaker()))


def _show_trouble(reviewer: Reviewer, trouble: Trouble) -> None:
    reviewer.review().show_trouble(trouble)


@never_fails
def settle(seconds: float = SETTLE_SECONDS) -> None:
    """At the end of a flow, when nothing waits for it any more: let what is told arrive, at most so long."""
    BOARD.settle(seconds)
