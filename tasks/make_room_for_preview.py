"""Keeps the number of previews within what the environment allows."""

from __future__ import annotations

from infra.errors import Rejected
from infra.previews import Preview
from tasks.previews import Asked, forget_runs, preview_held_if_free
from tasks.release import speaker
from tasks.stage import stage


@stage("make room for a preview", tries=3)
def make_room_for_preview(asked: Asked) -> tuple[int, ...]:
    """The pull requests whose previews were ended for it, read from the platform.

    Those touched longest ago go: a preview is made again by one command, while a pull request whose end nobody told
    us would hold its place for ever. Raises Rejected where `when_full` says so.
    """
    rules, order = asked.order.settings.previews, asked.order
    others = [one for one in asked.previews.all() if one.pull_request != asked.wanted.pull_request]
    surplus = max(len(others) - rules.most + 1, 0)
    if surplus and rules.when_full == "refuse":
        raise Rejected(
            f"{len(others)} previews of {order.app} are alive, and {rules.most} may be: {_named(others)}",
            f"end one, such as the oldest: pipeline preview --pull-request {others[0].pull_request} --close",
        )
    ended: list[int] = []
    for one in others:
        if len(ended) < surplus and _end(asked, one):
            ended.append(one.pull_request)
    if ended:
        speaker()(f"{len(others)} were alive, and {rules.most} may be: ended {', '.join(map(str, ended))}")
    return tuple(ended)


def _end(asked: Asked, seen: Preview) -> bool:
    """False for one that somebody works on, or has since it was seen: that is not the one which nobody looks at."""
    environment, app = asked.order.environment, asked.order.app
    with preview_held_if_free(environment, app, seen.pull_request) as is_ours:
        if not is_ours or not _is_as_seen(asked, seen):
            return False
        asked.previews.close(seen.pull_request, speaker())
        forget_runs(environment, app, seen.pull_request)
        return True


def _is_as_seen(asked: Asked, seen: Preview) -> bool:
    return any((one.pull_request, one.touched) == (seen.pull_request, seen.touched) for one in asked.previews.all())


def _named(previews: list[Preview]) -> str:
    return ", ".join(str(one.pull_request) for one in previews)
