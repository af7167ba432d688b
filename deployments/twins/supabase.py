"""Supabase's twin: the Management API of one project, whose Postgres is a real one beside."""

from __future__ import annotations

import time
from typing import Any

from deployments.twins.server import Twin, VendorError, route
from deployments.twins.supabase_state import HEALTHY, MADE, SERVICES, SupabaseState
from deployments.twins.wire import Reply, Request

TOKEN = "sbp_0123456789abcdef0123456789abcdef01234567"  # it opens nothing but the twin
_PROJECT = "/v1/projects/{ref}"
_BRANCH = "/v1/branches/{branch_id_or_ref}"
_WRITES_SECONDS = 15 * 60


class SupabaseTwin(Twin):
    """Moods are set by operation; the state may be changed by a test at any time."""

    vendor = "supabase"

    def __init__(self, port: int = 0, token: str = TOKEN) -> None:
        self.state = SupabaseState()
        self.token = token
        super().__init__(port)

    def error(self, status: int, code: str, message: str) -> Reply:
        """A no as Supabase gives it: only a message."""
        return Reply(status, {"message": f"ThrottlerException: {message}" if status == 429 else message})

    def admit(self, request: Request) -> None:
        """Raises VendorError for another token, and for a project that is neither this one nor one of its branches."""
        if request.bearer != self.token:
            raise VendorError(401, "unauthorized", "Unauthorized")
        ref = request.values.get("ref", self.state.ref)
        if ref != self.state.ref and self.state.find_branch(ref) is None:
            raise VendorError(403, "forbidden", "Your account does not have the necessary privileges")

    @route("GET", _PROJECT, "v1-get-project")
    def project(self, _request: Request) -> Reply:
        """The project; a restore goes on with each look at it."""
        database = {
            "host": f"db.{self.state.ref}.supabase.co",
            "version": "17.6.1.054",
            "postgres_engine": "17",
            "release_channel": "ga",
        }
        return Reply(
            200,
            {
                "id": self.state.ref,
                "ref": self.state.ref,
                "organization_id": "securyflex-org",
                "organization_slug": "securyflex-org",
                "name": "securyflex",
                "region": "eu-central-1",
                "created_at": MADE,
                "status": self.state.look(),
                "database": database,
            },
        )

    @route("GET", f"{_PROJECT}/health", "v1-get-services-health")
    def services(self, request: Request) -> Reply:
        """Each service that was asked for."""
        asked = request.query["services"].split(",")
        return Reply(200, [self._service(name) for name in asked if name in SERVICES])

    @route("GET", f"{_PROJECT}/billing/addons", "v1-list-project-addons")
    def addons(self, _request: Request) -> Reply:
        """PITR, when the project has it."""
        price = {"description": "$100/month", "type": "fixed", "interval": "monthly", "amount": 100}
        pitr = {"type": "pitr", "variant": {"id": "pitr_7", "name": "7 days", "price": price}}
        return Reply(200, {"selected_addons": [pitr] if self.state.has_pitr else [], "available_addons": []})

    @route("GET", f"{_PROJECT}/config/database/pooler", "v1-get-pooler-config")
    def pooler(self, _request: Request) -> Reply:
        """The one way through the pooler that there is by default."""
        host = "aws-0-eu-central-1.pooler.supabase.com"
        url = f"postgresql://postgres.{self.state.ref}:[YOUR-PASSWORD]@{host}:6543/postgres"
        found: dict[str, Any] = {
            "identifier": self.state.ref,
            "database_type": "PRIMARY",
            "is_using_scram_auth": True,
            "db_user": "postgres",
            "db_host": host,
            "db_port": 6543,
            "db_name": "postgres",
            "connection_string": url,
            "connectionString": url,
            "default_pool_size": 15,
            "max_client_conn": 200,
            "pool_mode": "transaction",
        }
        return Reply(200, [found])

    @route("GET", f"{_PROJECT}/api-keys", "v1-get-project-api-keys")
    def keys(self, _request: Request) -> Reply:
        """Their names; a value only when it is asked for."""
        kinds = (("default", "publishable"), ("default", "secret"))
        return Reply(200, [{"name": name, "type": kind, "api_key": None, "id": kind} for name, kind in kinds])

    @route("GET", f"{_PROJECT}/database/backups", "v1-list-all-backups")
    def backups(self, _request: Request) -> Reply:
        """Daily ones without PITR, a window with it."""
        earliest, latest = self.state.reach()
        reach = {"earliest_physical_backup_date_unix": earliest, "latest_physical_backup_date_unix": latest}
        daily = {"id": 1, "is_physical_backup": True, "status": "COMPLETED", "inserted_at": "2026-01-02T03:04:05Z"}
        return Reply(
            200,
            {
                "region": "eu-central-1",
                "walg_enabled": True,
                "pitr_enabled": self.state.has_pitr,
                "backups": [] if self.state.has_pitr else [daily],
                "physical_backup_data": reach if self.state.has_pitr else {},
            },
        )

    @route("POST", f"{_PROJECT}/database/backups/restore-pitr", "v1-restore-pitr-backup")
    def restore(self, request: Request) -> Reply:
        """Begin to bring the project back; one at a time, and only into the window."""
        second = request.data["recovery_time_target_unix"]
        earliest, latest = self.state.reach()
        if not self.state.has_pitr:
            raise VendorError(400, "plan", "PITR is not enabled for this project")
        if not earliest <= second <= latest:
            raise VendorError(400, "range", "Recovery time target is outside of the recovery window")
        if self.state.status != HEALTHY:
            raise VendorError(400, "busy", f"Project is {self.state.status}")
        self.state.restore(second)
        return Reply(201)

    @route("GET", f"{_PROJECT}/readonly", "v1-get-readonly-mode-status")
    def read_only(self, _request: Request) -> Reply:
        """Whether the disk was too full."""
        allowed = self.state.writes_allowed_until > time.time()
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.state.writes_allowed_until))
        return Reply(
            200, {"enabled": self.state.is_read_only, "override_enabled": allowed, "override_active_until": until}
        )

    @route("POST", f"{_PROJECT}/readonly/temporary-disable", "v1-disable-readonly-mode-temporarily")
    def allow_writes(self, _request: Request) -> Reply:
        """For a quarter of an hour."""
        self.state.writes_allowed_until = time.time() + _WRITES_SECONDS
        return Reply(201)

    @route("GET", f"{_PROJECT}/network-restrictions", "v1-get-network-restrictions")
    def restrictions(self, _request: Request) -> Reply:
        """From where the database may be reached."""
        return Reply(
            200,
            {
                "entitlement": "allowed" if self.state.has_restrictions else "disallowed",
                "config": {"dbAllowedCidrs": self.state.allowed, "dbAllowedCidrsV6": []},
                "status": "applied",
            },
        )

    @route("PATCH", f"{_PROJECT}/network-restrictions", "v1-patch-network-restrictions")
    def restrict(self, request: Request) -> Reply:
        """Add and remove ranges."""
        if not self.state.has_restrictions:
            raise VendorError(403, "plan", "Network restrictions are not included in the plan")
        add, remove = (request.data.get(verb, {}).get("dbAllowedCidrs", []) for verb in ("add", "remove"))
        kept = [one for one in self.state.allowed if one not in remove]
        self.state.allowed = [*kept, *(one for one in add if one not in kept)]
        found = [{"address": one, "type": "v4"} for one in self.state.allowed]
        return Reply(200, {"entitlement": "allowed", "config": {"dbAllowedCidrs": found}, "status": "applied"})

    @route("GET", f"{_PROJECT}/branches", "v1-list-all-branches")
    def branches(self, _request: Request) -> Reply:
        """All of them; one that was being made is ready at the next look."""
        reply = Reply(200, [dict(branch) for branch in self.state.branches])
        for branch in self.state.branches:
            branch["status"] = "FUNCTIONS_DEPLOYED"
        return reply

    @route("POST", f"{_PROJECT}/branches", "v1-create-a-branch")
    def make_branch(self, request: Request) -> Reply:
        """One of each name."""
        if not self.state.has_branching:
            raise VendorError(402, "plan", "Branching is not included in the plan")
        name = request.data["branch_name"]
        if any(branch["name"] == name for branch in self.state.branches):
            raise VendorError(422, "exists", f"A branch named {name} already exists")
        return Reply(201, dict(self.state.add_branch(name, request.data.get("git_branch", ""))))

    @route("GET", f"{_PROJECT}/branches/{{name}}", "v1-get-a-branch")
    def find_branch(self, request: Request) -> Reply:
        """By its name, as Supabase's own command line asks."""
        found = [branch for branch in self.state.branches if branch["name"] == request.values["name"]]
        if not found:
            raise VendorError(404, "not_found", "Branch not found")
        return Reply(200, dict(found[0]))

    @route("GET", _BRANCH, "v1-get-a-branch-config")
    def branch(self, request: Request) -> Reply:
        """How to reach it."""
        branch = self._branch(request)
        return Reply(
            200,
            {
                "ref": branch["project_ref"],
                "postgres_version": "17.6.1.054",
                "postgres_engine": "17",
                "release_channel": "ga",
                "status": self.state.look_at_branch(branch),
                "db_host": f"db.{branch['project_ref']}.supabase.co",
                "db_port": 5432,
                "db_user": "postgres",
                "db_pass": f"password-of-{branch['id']}",
                **self.state.branch_at,
            },
        )

    @route("DELETE", _BRANCH, "v1-delete-a-branch")
    def drop_branch(self, request: Request) -> Reply:
        """It is gone at once."""
        branch = self._branch(request)
        self.state.branches.remove(branch)
        if self.state.on_drop:
            self.state.on_drop(branch)
        return Reply(200, {"message": "ok"})

    def _branch(self, request: Request) -> dict[str, Any]:
        found = self.state.find_branch(request.values["branch_id_or_ref"])
        if found is None:
            raise VendorError(404, "not_found", "Branch not found")
        return found

    def _service(self, name: str) -> dict[str, Any]:
        if name in self.state.sick:
            return {"name": name, "healthy": False, "status": "UNHEALTHY", "error": "connection refused"}
        return {"name": name, "healthy": True, "status": HEALTHY}
