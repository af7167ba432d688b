"""The Vercel twin: one project of one team, with deployments that build and are really served."""

from __future__ import annotations

import time

from deployments.twins import vercel_shapes as shapes
from deployments.twins.server import route
from deployments.twins.vercel_deployments import VercelDeployments
from deployments.twins.vercel_releases import VercelReleases
from deployments.twins.wire import Reply, Request


class VercelTwin(VercelDeployments, VercelReleases):
    """All of it, with the project's variables, attack mode, and who is asking."""

    @route("GET", "/v10/projects/{idOrName}/env", "filterProjectEnvs")
    def list_variables(self, request: Request) -> Reply:
        return Reply(200, {"envs": self.variables.listed(decrypt=request.query.get("decrypt") == "true")})

    @route("POST", "/v10/projects/{idOrName}/env", "createProjectEnv")
    def add_variables(self, request: Request) -> Reply:
        wanted = request.data if isinstance(request.data, list) else [request.data]
        created, failed = self.variables.add(wanted, upsert=request.query.get("upsert") == "true")
        return Reply(201, {"created": created[0] if len(created) == 1 else created, "failed": failed})

    @route("DELETE", "/v9/projects/{idOrName}/env/{id}", "removeProjectEnv")
    def remove_variable(self, request: Request) -> Reply:
        return Reply(200, self.variables.remove(request.values["id"]))

    @route("POST", "/v1/security/attack-mode", "updateAttackChallengeMode")
    def set_attack_mode(self, request: Request) -> Reply:
        self.check_project(request.data["projectId"])
        self.attack_mode = bool(request.data["attackModeEnabled"])
        self.attack_mode_until = request.data.get("attackModeActiveUntil")
        return Reply(
            200, {"attackModeEnabled": self.attack_mode, "attackModeUpdatedAt": shapes.milliseconds(time.time())}
        )

    @route("GET", "/v2/user", "getAuthUser")
    def user(self, _request: Request) -> Reply:
        user = {
            "id": "user_1",
            "email": "a@b.example",
            "name": "A",
            "username": "a",
            "avatar": None,
            "defaultTeamId": self.team,
        }
        return Reply(200, {"user": user})

    @route("GET", "/teams/{id}", "getTeamOfTheCommandLine")
    @route("GET", "/v2/teams/{id}", "getTeam")
    def get_team(self, _request: Request) -> Reply:
        return Reply(200, self.team_shown())

    @route("GET", "/v1/teams", "getTeamsOfTheCommandLine")
    @route("GET", "/v2/teams", "getTeams")
    def teams(self, _request: Request) -> Reply:
        return Reply(200, {"teams": [self.team_shown()], "pagination": {"count": 1, "next": None, "prev": None}})
