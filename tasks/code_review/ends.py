"""How releases ended, told from their records by whoever held the environment last: also of a release whose process
died, and of one that ended while the other side was silent.

Each is told to its end and forgotten before the next one begins: the little time of one flow is enough for some.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from infra.code_review import Conclusion
from infra.commands import Say
from infra.environment import load_environment
from infra.http import Limited, Refused
from infra.platform import objects_of
from tasks.code_review import telling
from tasks.code_review.access import Reviewer
from tasks.code_review.board import Wish
from tasks.code_review.telling import CLOSE, COMMENT, ENDS, NEXT, STANDING, never_fails
from tasks.code_review.untold import forget_untold, mark_untold, read_untold, untold
from tasks.code_review.words import comment_of, end_of, is_live
from tasks.records import OPEN, Record
from tasks.release import Release, speaker

# GitHub answers 404 for what a token may not see, too: a week is enough to give it back what it needs.
NOT_FOUND_SECONDS = 7 * 86_400


@never_fails
def tell_ends(environment: str) -> None:
    """How every release ended of which that is not told yet; to be called by whoever held the environment."""
    if load_environment(environment).github is not None:
        walk = Walk(environment, Reviewer(environment), speaker())
        telling.BOARD.put(Wish(("ends", environment), ENDS, walk.begin, walk.say))


@never_fails
def expect_live_again(release: Release, why: str) -> None:
    """Before a version that was promoted is made live once more: `tell_ends` tells it, whoever dies in between.

    What is live until then says so no longer once this one does.
    """
    if release.settings.github is not None:
        mark_untold(release, f"live again: {why}")


@dataclass
class Walk:
    """Through the marks of one environment; `left` are those that it has yet to come to."""

    environment: str
    reviewer: Reviewer
    say: Say
    left: list[tuple[str, str]] = field(default_factory=list)

    def begin(self) -> None:
        """Our own first: the others have waited before."""
        marks = untold(objects_of(load_environment(self.environment)))
        self.left = sorted(marks, key=lambda mark: not telling.is_own(mark[1]))
        self._go_on()

    def _go_on(self) -> None:
        if self.left:
            app, release = self.left.pop(0)
            # A wish of its own: a record that cannot be read keeps no other from being told.
            act = functools.partial(self._tell, app, release)
            telling.BOARD.put(Wish(("end", release), ENDS, act, self.say))
            # Behind all that is to be told of that one.
            telling.BOARD.put(Wish(("next", self.environment, str(id(self))), NEXT, self._go_on, self.say))

    def _tell(self, app: str, release: str) -> None:
        record = self._read(app, release)
        if record is None or record.standing == "running":
            return
        telling.stop(release)
        review = self.reviewer.review
        self._put("standing", STANDING, record, lambda: review().show_standing(end_of(record)))
        self._put("comment", COMMENT, record, lambda: review().show_comment(comment_of(record)))
        self._put("close", CLOSE, record, functools.partial(self._close, record))

    def _read(self, app: str, release: str) -> Record | None:
        record, again = read_untold(objects_of(load_environment(self.environment)), app, release)
        return replace(record, reason=again) if record and again and is_live(record) else record

    def _put(self, kind: str, order: int, record: Record, act: Callable[[], object]) -> None:
        telling.BOARD.put(Wish((kind, record.release.id), order, act, self.say))

    def _close(self, record: Record) -> None:
        """Its checks that nobody ended; then nobody has to tell it any more."""
        order, promoted = record.release, record.standing == "promoted"
        why = "it ended with the release" if promoted else "the release ended before it did"
        how: Conclusion = "neutral" if promoted else "cancelled"
        try:
            self.reviewer.review().close_checks(order.version, f"{order.id}/", how, why)
        except Refused as no:
            if isinstance(no, Limited) or not (no.status == 403 or _is_for_good(no, record)):
                raise
            if no.status != 403:
                self.say(f"{order.label} is not told any more: {no.message}")
        if record.standing not in OPEN:
            forget_untold(order)


def _is_for_good(no: Refused, record: Record) -> bool:
    """A commit that GitHub does not know, as after a forced push: asking again changes nothing."""
    return no.status == 422 or (no.status == 404 and time.time() - (record.ended or time.time()) > NOT_FOUND_SECONDS)
