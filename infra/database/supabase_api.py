"""Supabase's Management API for one project: health, backups, restores, read-only mode, branches, who may connect."""

from __future__ import annotations

import time
from collections.abc import Sequence

from infra.commands import Say
from infra.database import supabase_calls as calls
from infra.database.supabase_access import supabase_settings
from infra.database.supabase_records import (
    HEALTHY,
    RESTORE_FAILED,
    Addons,
    ApiKey,
    Branch,
    BranchAccess,
    Pooler,
    Project,
    ReadOnly,
    Restrictions,
    ServiceHealth,
    VendorBackups,
)
from infra.environment import Environment
from infra.environment.secret import read_secret
from infra.errors import Rejected, Unknown, Unreachable
from infra.http import Api, Patience, Service
from infra.redaction import remember_secrets

SERVICES = ("auth", "db", "pooler", "realtime", "rest", "storage")
STARTS_WITHIN_SECONDS = 60.0


class SupabaseApi:
    """Every method raises Unreachable (nothing happened), Refused (it said no) or, for writes, Unknown."""

    def __init__(
        self, environment: Environment, patience: Patience | None = None, timeout_seconds: float = 30.0
    ) -> None:
        settings = supabase_settings(environment)
        token = read_secret("supabase.token", settings.token)
        self._api = Api(Service(calls.VENDOR, settings.api, token, {}, patience or Patience(), timeout_seconds))
        self._project = {"ref": settings.project}
        self._poll = settings.poll_seconds
        self._longest = settings.restore_timeout_seconds

    def project(self) -> Project:
        """The project as it is now."""
        return self._api.ask(calls.PROJECT, self._project).read(Project)

    def services(self) -> list[ServiceHealth]:
        """Each service's health."""
        query = {"services": ",".join(SERVICES)}
        return self._api.ask(calls.HEALTH, self._project, query=query).read(list[ServiceHealth])

    def addons(self) -> Addons:
        """What the project has beside its plan: PITR, IPv4."""
        return self._api.ask(calls.ADDONS, self._project).read(Addons)

    def poolers(self) -> list[Pooler]:
        """The ways in through the pooler."""
        return self._api.ask(calls.POOLER, self._project).read(list[Pooler])

    def keys(self) -> list[ApiKey]:
        """Names and kinds of the project's API keys, never their values."""
        return self._api.ask(calls.KEYS, self._project, query={"reveal": "false"}).read(list[ApiKey])

    def backups(self) -> VendorBackups:
        """What the vendor keeps, and whether the project can be returned to a second."""
        return self._api.ask(calls.BACKUPS, self._project).read(VendorBackups)

    def read_only(self) -> ReadOnly:
        """Whether the vendor has closed the database to writes."""
        return self._api.ask(calls.READ_ONLY, self._project).read(ReadOnly)

    def allow_writes(self) -> None:
        """Let writes in for 15 minutes in spite of it, so that room can be made."""
        self._api.ask(calls.ALLOW_WRITES, self._project)

    def restrictions(self) -> Restrictions:
        """From where the database may be reached."""
        return self._api.ask(calls.RESTRICTIONS, self._project).read(Restrictions)

    def restrict(self, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Let IPv4 ranges in, or no more; what is so already stays so. Raises Refused where the plan has none."""
        body = {"add": {"dbAllowedCidrs": list(add)}, "remove": {"dbAllowedCidrs": list(remove)}}
        self._api.ask(calls.RESTRICT, self._project, body=body)

    def branches(self) -> list[Branch]:
        """The previews' databases, and the default branch."""
        return self._api.ask(calls.BRANCHES, self._project).read(list[Branch])

    def find_branch(self, name: str) -> Branch | None:
        """The branch of that name."""
        return next((branch for branch in self.branches() if branch.name == name), None)

    def ensure_branch(self, name: str, git_branch: str) -> Branch:
        """A preview's database, made where there is none; one whose making was not answered is found again."""
        found = self.find_branch(name)
        if found:
            return found
        try:
            body = {"branch_name": name, "git_branch": git_branch, "with_data": False}
            return self._api.ask(calls.MAKE_BRANCH, self._project, body=body).read(Branch)
        except Unknown:
            found = self.find_branch(name)
            if found is None:
                raise
            return found

    def branch_access(self, branch: Branch) -> BranchAccess:
        """How to reach it; its password is redacted from now on."""
        found = self._api.ask(calls.BRANCH, {"branch_id_or_ref": branch.id}).read(BranchAccess)
        remember_secrets([found.password])
        return found

    def drop_branch(self, branch: Branch) -> None:
        """Harmless when it is gone."""
        self._api.ask(calls.DROP_BRANCH, {"branch_id_or_ref": branch.id}, accept=(404,))

    def restore_to(self, second: int, say: Say) -> float:
        """The whole project back to that second (of the epoch), in place; how many seconds it was closed.

        Raises Rejected where it cannot be returned to. A lost answer is read back from the project's status before
        anything is sent again: a second restore would take back what was written in between.
        """
        reach = self.backups()
        if not reach.reaches(second):
            raise Rejected(_out_of_reach(reach, second), "restore one of our own dumps with --to-snapshot")
        began = time.monotonic()
        try:
            self._api.ask(calls.RESTORE, self._project, body={"recovery_time_target_unix": second})
        except Unknown as lost:
            say(f"{lost.message}; looking whether it began")
        self._wait_until_begun(second)
        self._wait_until_healthy(say)
        return time.monotonic() - began

    def _wait_until_begun(self, second: int) -> None:
        """The status changes soon after a restore was accepted. Raises Unknown when it does not."""
        deadline = time.monotonic() + min(STARTS_WITHIN_SECONDS, self._longest)
        while self._status() == HEALTHY:
            if time.monotonic() > deadline:
                raise Unknown(
                    f"the restore to {second} was asked for, and the project is still {HEALTHY}",
                    "look at the project's dashboard: it may be over already, or never have begun",
                )
            time.sleep(self._poll)

    def _wait_until_healthy(self, say: Say) -> None:
        deadline, last = time.monotonic() + self._longest, ""
        while (status := self._status()) != HEALTHY:
            if status != last:
                say(f"the project is {status}")
            if status in RESTORE_FAILED:
                raise Rejected(f"the restore ended {status}", "ask Supabase's support; our own dumps are whole")
            if time.monotonic() > deadline:
                raise Unknown(f"the project is still {status} after {self._longest:g} s", "look at its dashboard")
            last = status
            time.sleep(self._poll)

    def _status(self) -> str:
        """Silence while a project restarts says nothing of it."""
        try:
            return self.project().status
        except Unreachable:
            return "silent"


def _out_of_reach(reach: VendorBackups, second: int) -> str:
    if not reach.pitr_enabled:
        return "the project has no point-in-time recovery: Supabase can return it to its daily backups only"
    return (
        f"the project can be returned to any second from {reach.physical.earliest} to {reach.physical.latest},"
        f" and {second} is outside"
    )
