"""A Supabase branch for each preview: a project of its own, without production's data, its keys or its password."""

from __future__ import annotations

import datetime
import re
import time

from infra.commands import Say
from infra.database.connection import Access
from infra.database.supabase_access import direct_access, supabase_settings
from infra.database.supabase_api import SupabaseApi
from infra.database.supabase_records import HEALTHY, Branch, BranchAccess
from infra.environment import Environment
from infra.errors import Rejected, Unknown
from infra.ports import LOOPBACK
from infra.previews import Wanted

_NAME = re.compile(r"preview-([1-9]\d{0,8})")
# Of a branch's project: it will not come up any more.
_LOST = ("INIT_FAILED", "REMOVED", "RESTORE_FAILED", "GOING_DOWN")


class SupabaseBranches:
    """Those that are called `preview-<pull request>`."""

    def __init__(self, environment: Environment, api: SupabaseApi | None = None) -> None:
        self._settings = supabase_settings(environment)
        self._production = direct_access(environment)
        self._api = api or SupabaseApi(environment)
        self._longest = environment.previews.database_timeout_seconds

    def ensure(self, wanted: Wanted, say: Say) -> str:
        """The URL of the preview's own database, once it is up.

        Raises Rejected when it cannot come up, or when what Supabase names is production's own; Unknown when it is
        not up in time: the next try finds it and waits on.
        """
        branch = self._api.ensure_branch(f"preview-{wanted.pull_request}", wanted.branch)
        self._check_own(branch, branch.project_ref)
        say(f"Supabase branch {branch.name} is project {branch.project_ref}")
        access = self._wait(branch, say)
        # Over TLS, but on this machine.
        sslmode = "" if access.host in (LOOPBACK, "localhost") else "require"
        found = Access(branch.name, access.port, access.user, access.password, host=access.host, sslmode=sslmode)
        if (found.host, found.port, found.user) == self._where_production_is():
            raise Rejected(f"branch {branch.name} leads to production's own database", "look at it at Supabase")
        return found.url

    def drop(self, pull_request: int) -> bool:
        """False when there was none."""
        branch = self._api.find_branch(f"preview-{pull_request}")
        if branch is None:
            return False
        self._check_own(branch, branch.project_ref)
        self._api.drop_branch(branch)
        return True

    def all(self) -> dict[int, float]:
        """Each pull request's number, and when its branch was made, in seconds since the epoch."""
        found = ((_NAME.fullmatch(branch.name), branch) for branch in self._api.branches() if not branch.is_default)
        return {int(name[1]): seconds_of(branch.created) for name, branch in found if name}

    def _wait(self, branch: Branch, say: Say) -> BranchAccess:
        deadline, last = time.monotonic() + self._longest, ""
        while True:
            access = self._api.branch_access(branch)
            if access.status == HEALTHY and access.password:
                self._check_own(branch, access.ref)
                return access
            if access.status in _LOST:
                raise Rejected(f"branch {branch.name} is {access.status}", "close the preview, then open it again")
            if time.monotonic() > deadline:
                raise Unknown(
                    f"branch {branch.name} is still {access.status} after {self._longest:g} s", "open the preview again"
                )
            if access.status != last:
                say(f"branch {branch.name} is {access.status}")
            last = access.status
            time.sleep(self._settings.poll_seconds)

    def _check_own(self, branch: Branch, ref: str) -> None:
        """Whatever the vendor answers: production is neither given to a preview nor dropped with one."""
        if branch.is_default or ref == self._settings.project or ref != branch.project_ref:
            raise Rejected(
                f"Supabase says that branch {branch.name} is project {ref}, which is no preview's",
                "look at the project's branches at Supabase; nothing was touched",
            )

    def _where_production_is(self) -> tuple[str, int, str]:
        return self._production.host, self._production.port, self._production.user


def seconds_of(moment: str) -> float:
    """Of an ISO 8601 time, in seconds since the epoch; 0 for what is none."""
    try:
        return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
