"""What still has to be shown elsewhere, one wish for each subject, and the one thread of this process that shows it.

A newer wish takes the place of an older one for the same subject, so that a slow place gets the end, not the story.
Whoever puts a wish here never waits and never hears of a failure.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.commands import Say
from infra.errors import PipelineError, Unknown, Unreachable
from infra.http import Limited, Refused

MOST = 200
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 30.0
SETTLE_SECONDS = 5.0
LATER = "what is missing is told by the next release, rollback or recovery here"


@dataclass(frozen=True)
class Wish:
    """`subject` names what is shown, its kind first. Of all that wait, the lowest `order` is shown first.

    `act` looks before it writes: it may run again after anything. It runs in `context`, that of who put it here.
    """

    subject: tuple[str, ...]
    order: int
    act: Callable[[], object]
    say: Say
    context: contextvars.Context = field(default_factory=contextvars.copy_context)


class Board:
    """Safe to use from every thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wishes: dict[tuple[str, ...], Wish] = {}
        self._thread: threading.Thread | None = None
        self._is_acting = False
        self._is_in_a_hurry = False
        self._pause = FIRST_PAUSE_SECONDS
        self._quiet_until = 0.0
        self._limited_until = 0.0
        self._said: set[tuple[str, str]] = set()
        self._times_given_up = 0

    def put(self, wish: Wish) -> None:
        """Show it soon; dropped with a word where there are too many."""
        with self._changed:
            if len(self._wishes) >= MOST and wish.subject not in self._wishes:
                self._say_once(wish, "full", f"more than {MOST} things wait to be told: some are left out")
                return
            self._wishes[wish.subject] = wish
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._show_all, name="code review", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until all is shown, at most so long; what is left then is given up with a word."""
        with self._changed:
            if time.monotonic() < self._limited_until:
                self._give_up("it has had too many requests")
            self._is_in_a_hurry = True
            self._changed.notify_all()
            is_done = False
            try:
                is_done = self._changed.wait_for(lambda: not self._wishes and not self._is_acting, seconds)
            finally:
                self._is_in_a_hurry = False
                if not is_done:
                    self._give_up(f"{seconds:g} s are over")

    def _give_up(self, why: str) -> None:
        """The wishes go as a whole: what comes after one that failed must not be shown as if it had not."""
        left = list(self._wishes.values())
        self._wishes.clear()
        self._times_given_up += 1
        if left:
            left[0].say(f"{len(left)} things were not told where the code is reviewed: {why}; {LATER}")

    def _show_all(self) -> None:
        while True:
            wish = self._next()
            given_up = self._times_given_up
            try:
                self._show(wish, given_up)
            finally:
                with self._changed:
                    self._is_acting = False
                    self._changed.notify_all()

    def _next(self) -> Wish:
        with self._changed:
            while not self._wishes or self._quiet_seconds() > 0:
                self._changed.wait(self._quiet_seconds() if self._wishes else None)
            wish = min(self._wishes.values(), key=lambda one: one.order)
            del self._wishes[wish.subject]
            self._is_acting = True
            return wish

    def _quiet_seconds(self) -> float:
        return 0.0 if self._is_in_a_hurry else self._quiet_until - time.monotonic()

    def _show(self, wish: Wish, given_up: int) -> None:
        try:
            wish.context.run(wish.act)
        except (Unreachable, Unknown, Limited) as silence:
            self._later(wish, silence, given_up)
        except Refused as no:
            # A good status with what cannot be read was somebody else's answer.
            if 200 <= no.status < 300:
                self._later(wish, no, given_up)
            else:
                self._say_once(wish, str(no.status), f"not told where the code is reviewed: {no.message} ({no.hint})")
        except PipelineError as error:
            self._say_once(wish, error.message, f"not told where the code is reviewed: {error.message} ({error.hint})")
        except Exception as error:  # noqa: BLE001 - nothing that is only told may end the thread, or a release
            self._say_once(wish, type(error).__name__, f"not told where the code is reviewed: {error!r}")
        else:
            self._pause, self._quiet_until = FIRST_PAUSE_SECONDS, 0.0

    def _later(self, wish: Wish, why: PipelineError, given_up: int) -> None:
        self._say_once(wish, type(why).__name__, f"where the code is reviewed: {why.message}")
        with self._changed:
            if given_up != self._times_given_up:
                return  # whoever waited for it is gone
            self._wishes.setdefault(wish.subject, wish)
            if self._is_in_a_hurry:
                self._give_up("it does not answer")
                return
            asked_for = why.wait_seconds if isinstance(why, Limited) else 0.0
            self._quiet_until = time.monotonic() + max(self._pause, asked_for)
            if asked_for:
                self._limited_until = self._quiet_until
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _say_once(self, wish: Wish, what: str, line: str) -> None:
        """In the life of a process: a place that is away for an hour is news once."""
        if (wish.subject[0], what) not in self._said:
            self._said.add((wish.subject[0], what))
            # Of the run that asked, like what it did: another thread knows neither its log nor its server.
            wish.context.copy().run(wish.say, line)
