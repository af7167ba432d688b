"""Every call that our clients make to Vercel, as data.

`vercel.json` is the document that Vercel published on 2025-10-29; `vercel-head.derived.json` is derived from its SDK
1.28.35 (2026), for what came later.
"""

from __future__ import annotations

from infra.http import Call

VENDOR = "Vercel"
PUBLISHED = "vercel.json"
FROM_THE_SDK = "vercel-head.derived.json"

GET_PROJECT = Call(
    VENDOR,
    "getProject",
    "GET",
    "/v9/projects/{idOrName}",
    PUBLISHED,
    # Vercel's command line asks so for `lastAliasRequest`, which the document has in the answer.
    outside_fields=("rollbackInfo",),
)
GET_ALIAS = Call(VENDOR, "getAlias", "GET", "/v4/aliases/{idOrAlias}", PUBLISHED)

LIST_DEPLOYMENTS = Call(VENDOR, "getDeployments", "GET", "/v6/deployments", PUBLISHED)
GET_DEPLOYMENT = Call(VENDOR, "getDeployment", "GET", "/v13/deployments/{idOrUrl}", PUBLISHED)
CREATE_DEPLOYMENT = Call(
    VENDOR,
    "createDeployment",
    "POST",
    "/v13/deployments",
    PUBLISHED,
    # What `vercel deploy --prod --skip-domain` sends (packages/cli/src/commands/deploy).
    outside_fields=("autoAssignCustomDomains",),
)
CANCEL_DEPLOYMENT = Call(
    VENDOR, "cancelDeployment", "PATCH", "/v12/deployments/{id}/cancel", PUBLISHED, is_idempotent=True
)
# It and everything at its address is gone; what was deleted already is answered with 404.
DELETE_DEPLOYMENT = Call(
    VENDOR,
    "deleteDeployment",
    "DELETE",
    "/v13/deployments/{id}",
    outside="vercel.com/docs/rest-api/deployments/delete-a-deployment; the documents at hand are parts without it",
)
GET_EVENTS = Call(VENDOR, "getDeploymentEvents", "GET", "/v3/deployments/{idOrUrl}/events", PUBLISHED)
# Files are named by their content: sent twice, it is the same file.
UPLOAD_FILE = Call(VENDOR, "uploadFile", "POST", "/v2/files", PUBLISHED, is_idempotent=True)

PROMOTE = Call(VENDOR, "requestPromote", "POST", "/v10/projects/{projectId}/promote/{deploymentId}", PUBLISHED)
LIST_PROMOTE_ALIASES = Call(VENDOR, "listPromoteAliases", "GET", "/v1/projects/{projectId}/promote/aliases", PUBLISHED)
ROLL_BACK = Call(VENDOR, "requestRollback", "POST", "/v1/projects/{projectId}/rollback/{deploymentId}", FROM_THE_SDK)

ROLLING_BILLING = Call(
    VENDOR, "getRollingReleaseBillingStatus", "GET", "/v1/projects/{idOrName}/rolling-release/billing", PUBLISHED
)
GET_ROLLING_CONFIG = Call(
    VENDOR, "getRollingReleaseConfig", "GET", "/v1/projects/{idOrName}/rolling-release/config", PUBLISHED
)
SET_ROLLING_CONFIG = Call(
    VENDOR,
    "updateRollingReleaseConfig",
    "PATCH",
    "/v1/projects/{idOrName}/rolling-release/config",
    PUBLISHED,
    # Neither the document nor the SDK declares a body; the command line and the Terraform provider send one.
    outside_fields=("*",),
    is_idempotent=True,
)
GET_ROLLING = Call(VENDOR, "getRollingRelease", "GET", "/v1/projects/{idOrName}/rolling-release", PUBLISHED)
# The same canary may be started again: the vendor answers with the release that is under way.
START_ROLLING = Call(
    VENDOR,
    "startRollingRelease",
    "POST",
    "/v1/projects/{idOrName}/rolling-release/start",
    FROM_THE_SDK,
    is_idempotent=True,
)
APPROVE_STAGE = Call(
    VENDOR, "approveRollingReleaseStage", "POST", "/v1/projects/{idOrName}/rolling-release/approve-stage", PUBLISHED
)
COMPLETE_ROLLING = Call(
    VENDOR, "completeRollingRelease", "POST", "/v1/projects/{idOrName}/rolling-release/complete", PUBLISHED
)

LIST_VARIABLES = Call(VENDOR, "filterProjectEnvs", "GET", "/v10/projects/{idOrName}/env", PUBLISHED)
# With `upsert=true` the second writing of a value is the first one's.
UPSERT_VARIABLE = Call(
    VENDOR, "createProjectEnv", "POST", "/v10/projects/{idOrName}/env", PUBLISHED, is_idempotent=True
)
REMOVE_VARIABLE = Call(VENDOR, "removeProjectEnv", "DELETE", "/v9/projects/{idOrName}/env/{id}", PUBLISHED)
ATTACK_MODE = Call(
    VENDOR, "updateAttackChallengeMode", "POST", "/v1/security/attack-mode", PUBLISHED, is_idempotent=True
)

CALLS: tuple[Call, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Call))
