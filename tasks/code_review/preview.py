"""What a pull request says of its preview: one comment, brought up to date in place, and never more than told."""

from __future__ import annotations

import functools

from prefect.runtime import flow_run

from infra.code_review import Comment
from infra.environment import load_environment
from infra.redaction import redact
from tasks.code_review.access import Reviewer
from tasks.code_review.board import Wish
from tasks.code_review.telling import BOARD, COMMENT, never_fails
from tasks.code_review.words import code, fenced, page_of
from tasks.release import Release, speaker


@never_fails
def tell_preview(
    environment: str,
    app: str,
    pull_request: int,
    what: str,
    order: Release | None = None,
    why: str = "",
    *,
    may_not_begin: bool = False,
) -> None:
    """That the preview `what` ("is at http://..."); of which version, where it is one, and `why` where it is not.

    With `may_not_begin` only a comment that is there already says so.
    """
    settings = load_environment(environment)
    if settings.github is None:
        return
    of_version = f" of {code(order.label)} (commit {code(order.version[:12])})" if order else ""
    lines = [
        f"**{app}**: the preview{of_version} {redact(what)}.",
        "",
        f"It has a database of its own without anybody's data. [Its run]({page_of(settings, str(flow_run.id))}).",
        *([fenced(why)] if why else []),
    ]
    version = order.version if order else ""
    marker = f"<!-- pipeline preview {app} {environment} -->"
    comment = Comment(version, marker, "\n".join(lines), pull_request, may_not_begin)
    reviewer = Reviewer(environment)
    act = functools.partial(_show, reviewer, comment)
    BOARD.put(Wish(("comment", environment, app, str(pull_request)), COMMENT, act, speaker()))


def _show(reviewer: Reviewer, comment: Comment) -> None:
    reviewer.review().show_comment(comment)
