"""Every call that we make to Supabase's Management API, as its document (`supabase.json`) names it."""

from __future__ import annotations

from infra.http import Call
from infra.http.call import Method

VENDOR = "Supabase"
SOURCE = "supabase.json"
_PROJECT = "/v1/projects/{ref}"
_BRANCH = "/v1/branches/{branch_id_or_ref}"


def _call(operation: str, method: Method, path: str, *, is_idempotent: bool = False) -> Call:
    return Call(VENDOR, operation, method, path, SOURCE, is_idempotent=is_idempotent)


PROJECT = _call("v1-get-project", "GET", _PROJECT)
HEALTH = _call("v1-get-services-health", "GET", f"{_PROJECT}/health")
ADDONS = _call("v1-list-project-addons", "GET", f"{_PROJECT}/billing/addons")
POOLER = _call("v1-get-pooler-config", "GET", f"{_PROJECT}/config/database/pooler")
KEYS = _call("v1-get-project-api-keys", "GET", f"{_PROJECT}/api-keys")
BACKUPS = _call("v1-list-all-backups", "GET", f"{_PROJECT}/database/backups")
# Not idempotent: sent twice, the second one restores again and takes back what was written in between.
RESTORE = _call("v1-restore-pitr-backup", "POST", f"{_PROJECT}/database/backups/restore-pitr")
READ_ONLY = _call("v1-get-readonly-mode-status", "GET", f"{_PROJECT}/readonly")
ALLOW_WRITES = _call(
    "v1-disable-readonly-mode-temporarily", "POST", f"{_PROJECT}/readonly/temporary-disable", is_idempotent=True
)
RESTRICTIONS = _call("v1-get-network-restrictions", "GET", f"{_PROJECT}/network-restrictions")
# Adding what is there and removing what is not change nothing, so it may be sent twice.
RESTRICT = _call("v1-patch-network-restrictions", "PATCH", f"{_PROJECT}/network-restrictions", is_idempotent=True)
BRANCHES = _call("v1-list-all-branches", "GET", f"{_PROJECT}/branches")
MAKE_BRANCH = _call("v1-create-a-branch", "POST", f"{_PROJECT}/branches")
BRANCH = _call("v1-get-a-branch-config", "GET", _BRANCH)
DROP_BRANCH = _call("v1-delete-a-branch", "DELETE", _BRANCH)

CALLS = (
    PROJECT,
    HEALTH,
    ADDONS,
    POOLER,
    KEYS,
    BACKUPS,
    RESTORE,
    READ_ONLY,
    ALLOW_WRITES,
    RESTRICTIONS,
    RESTRICT,
    BRANCHES,
    MAKE_BRANCH,
    BRANCH,
    DROP_BRANCH,
)
