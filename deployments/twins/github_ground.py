"""What every part of GitHub's twin stands on: who may in, pages of a list, and its way to say no."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from deployments.twins.github_state import NAME, OWNER, GithubState
from deployments.twins.server import Twin, VendorError
from deployments.twins.wire import Reply, Request

TOKEN = "github-token-of-the-twin-0123456789"  # it opens nothing but the twin
STATUS_TEXT_MOST = 140
LIMIT_SAID = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class GithubGround(Twin):
    """One repository, `securyflex/app`."""

    vendor = "github"

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.state = GithubState()
        self.token = token
        super().__init__(port)
        self.repo = f"{self.url}/repos/{OWNER}/{NAME}"

    def error(self, status: int, code: str, message: str) -> Reply:
        """A no in GitHub's words, which have no code; what lacks a field is 422."""
        status = 422 if code == "bad_request" else status
        return Reply(status, {"message": message, "documentation_url": "https://docs.github.com/rest"})

    def admit(self, request: Request) -> None:
        """Raises VendorError for another token, and for another repository as if it were not there.

        What is asked of the App itself is signed by it: the call looks at that.
        """
        if not request.path.startswith("/app/") and not self._is_let_in(request.bearer):
            raise VendorError(401, "", "Bad credentials")
        if "user-agent" not in request.headers:
            raise VendorError(403, "", "Request forbidden by administrative rules")
        if "owner" in request.values and (request.values["owner"], request.values["repo"]) != (OWNER, NAME):
            raise VendorError(404, "", "Not Found")

    def _is_let_in(self, token: str) -> bool:
        return token == self.token or time.time() < self.state.tokens.get(token, 0.0)

    def reply_to(self, request: Request) -> Reply | None:
        """As every twin, but the secondary limit comes before anything else."""
        if self.state.turned_away > 0:
            self.state.turned_away -= 1
            wait = self.state.limit_seconds
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time() + wait))}
            reply = Reply(403, self.error(403, "", LIMIT_SAID).data, headers)
            self._note("", "", request, reply, None)
            return reply
        return super().reply_to(request)

    def page(self, request: Request, found: Sequence[Any], wrap: str = "") -> Reply:
        """One page of a list, with the way to the next; below `wrap` where GitHub puts it into an object."""
        size, number = int(request.query.get("per_page", "30")), int(request.query.get("page", "1"))
        some = list(found[(number - 1) * size : number * size])
        more = (
            {"Link": f'<{self.url}{request.path}?page={number + 1}>; rel="next"'} if number * size < len(found) else {}
        )
        return Reply(200, {"total_count": len(found), wrap: some} if wrap else some, more)


def newest(found: Sequence[Any]) -> list[Any]:
    """Newest first, as GitHub lists."""
    return list(reversed(found))
