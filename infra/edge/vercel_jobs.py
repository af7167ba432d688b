"""Promotions and instant rollbacks at Vercel: asked for, followed to the end, and read back."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.edge.vercel_rolling import RollingReleases
from infra.errors import Rejected, Unknown
from infra.hosting import vercel_calls as calls
from infra.hosting.vercel_project import VercelProject
from infra.hosting.vercel_records import AliasRequest, FailedAliases, Rolling
from infra.http import Call, Refused
from infra.http.read_back import settle

OVER = ("succeeded", "failed", "skipped")


class Jobs:
    """Moves the project's domain from one deployment to another."""

    def __init__(self, project: VercelProject, rolling: RollingReleases) -> None:
        self._project = project
        self._rolling = rolling
        self._pause = project.settings.poll_seconds

    def promote(self, identifier: str) -> None:
        """Everyone to a deployment that has never served, or by a rolling release where the project has these on."""
        self._move(calls.PROMOTE, identifier)

    def roll_back(self, identifier: str) -> None:
        """Everyone to a deployment that has served before."""
        self._move(calls.ROLL_BACK, identifier)

    def abort(self, rolling: Rolling) -> None:
        """Everyone to the deployment that a rolling release began from: it has no call of its own to end it."""
        base = rolling.base.id
        settle(lambda: self._ask(calls.ROLL_BACK, base), self._is_over, pause_seconds=self._pause)
        self._wait(self._is_over, f"the rolling release of {rolling.canary.id} is still under way")

    def wait_until_serving(self, identifier: str) -> None:
        """Everyone, also where the vendor begins with a few. Raises Rejected when the job to it failed, Unknown when
        the domain does not lead to it in time."""
        self._wait(lambda: self._serves(identifier), f"{self._project.settings.domain} does not lead to {identifier}")

    def _move(self, call: Call, identifier: str) -> None:
        before = self._project.read().job
        settle(
            lambda: self._ask(call, identifier),
            lambda: self._has_begun(identifier, before),
            pause_seconds=self._pause,
        )

    def _ask(self, call: Call, identifier: str) -> None:
        # 202 says queued until a rolling release completes: who waits for the domain finds out how that ends.
        answer = self._project.ask(call, {"deploymentId": identifier}, body={}, accept=(409,))
        if answer.status == 409 and self._project.serving() != identifier:
            raise Refused(
                f"{call.name} answered 409 and {self._project.settings.domain} does not lead to {identifier}",
                "another promotion or rollback may be under way: look at the project at Vercel",
                409,
                "conflict",
            )

    def _has_begun(self, identifier: str, before: AliasRequest | None) -> bool:
        job = self._project.read().job
        is_new = job is not None and job.after == identifier and job != before
        return is_new or self._project.serving() == identifier or self._is_rolling(identifier)

    def _serves(self, identifier: str) -> bool:
        job = self._project.read().job
        mine = job if job and job.after == identifier else None
        # With rolling releases on, a promotion begins one; everyone is meant here.
        if self._is_rolling(identifier):
            self._rolling.complete(identifier)
        if mine and mine.status == "failed" and self._project.serving() != identifier:
            raise Rejected(
                f"Vercel's {mine.type} to {identifier} failed{self._failed()}",
                "repeat it, or move the domain in the project's dashboard",
            )
        return (mine is None or mine.status in OVER) and self._project.serving() == identifier

    def _is_over(self) -> bool:
        return self._rolling.active() is None

    def _is_rolling(self, identifier: str) -> bool:
        found = self._rolling.active()
        return found is not None and found.canary.id == identifier

    def _wait(self, is_done: Callable[[], bool], what_is_wrong: str) -> None:
        seconds = self._project.settings.job_timeout_seconds
        deadline = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > deadline:
                found = self._rolling.active()
                queue = (
                    f"; a rolling release of {found.canary.id} is under way, and promotions wait for it"
                    if found
                    else ""
                )
                raise Unknown(
                    f"{what_is_wrong} after {seconds:g} s{queue}", "look at the project's deployments at Vercel"
                )
            time.sleep(self._pause)

    def _failed(self) -> str:
        """Which domains could not be moved."""
        query = {"failedOnly": "true", "limit": "20"}
        found = self._project.ask(calls.LIST_PROMOTE_ALIASES, query=query).read(FailedAliases)
        return ": " + ", ".join(one.alias for one in found.aliases) if found.aliases else ""
