"""Keeps the number of previews within what the environment allows."""

from __future__ import annotations

from infra.errors import Rejected
from infra.previews import Preview
from tasks.previews import Asked
from tasks.release import speaker
from tasks.stage import stage


@stage("make room for a preview", tries=3)
def make_room_for_preview(asked: Asked) -> tuple[int, ...]:
    """The pull requests whose previews were ended for it, read from the platform.

    Those touched longest ago go: a preview is made again by one command, while a pull request whose end nobody told
    us would hold its place for ever. Raises Rejected where `when_full` says so.
    """
    rules = asked.order.settings.previews
    others = [one for one in asked.previews.all() if one.pull_request != asked.wanted.pull_request]
    surplus = others[: max(len(others) - rules.most + 1, 0)]
    if surplus and rules.when_full == "refuse":
        raise Rejected(
            f"{len(others)} previews of {asked.order.app} are alive, and {rules.most} may be: {_named(others)}",
            f"end one, such as the oldest: pipeline preview --pull-request {others[0].pull_request} --close",
        )
    for one in surplus:
        speaker()(f"preview {one.pull_request} makes room: {len(others)} are alive, and {rules.most} may be")
        asked.previews.close(one.pull_request, speaker())
    return tuple(one.pull_request for one in surplus)


def _named(previews: list[Preview]) -> str:
    return ", ".join(str(one.pull_request) for one in previews)
