"""What all parts of the Vercel twin share: its state, and the visitors of what it serves."""

from __future__ import annotations

import random
from typing import Any

from deployments.twins import vercel_shapes as shapes
from deployments.twins.server import Twin, VendorError
from deployments.twins.vercel_sites import BYPASS_HEADER, NOTHING_HERE, PROTECTED, Behaviour, Site, behave
from deployments.twins.vercel_state import Build, Deployed, Production
from deployments.twins.vercel_variables import Variables
from deployments.twins.wire import Reply, Request


class VercelGround(Twin):
    """One project of one team.

    `production` is the project's state; a test sets `build`, `behaviours` (by any value of a deployment's meta),
    plans and moods as it needs them. `domain` is where the visitors of production come to.
    """

    vendor = "Vercel"
    token = "VercelTokenOfTheTwin0"
    bypass = "bypass-of-the-twin-0123456789abcd"
    team = "team_000000000000000000000001"
    project = "prj_000000000000000000000001"
    name = "securyflex"

    def __init__(self, port: int = 0) -> None:
        self.production = Production()
        self.variables = Variables()
        self.build = Build()
        self.behaviours: dict[str, Behaviour] = {}
        self.files: set[str] = set()
        self.attack_mode = False
        self.attack_mode_until: float | None = None
        # Whether deployments find the variables of their git branch: only where a repository is connected.
        self.knows_branches = True
        super().__init__(port)
        self._domain = Site(self._visit)
        self.domain = self._domain.host

    def close(self) -> None:
        """Stop serving everything."""
        super().close()
        self._domain.close()
        for one in self.production.deployments.values():
            one.site.close()

    def _visit(self, _visitor: Request) -> Reply:
        with self.lock:
            serving = self.production.serving(random.uniform(0, 100))
        return self._behave(self.production.deployments[serving]) if serving else NOTHING_HERE

    def _visit_own(self, identifier: str, visitor: Request) -> Reply:
        found = self.production.deployments[identifier]
        if visitor.headers.get(BYPASS_HEADER) != self.bypass:
            return PROTECTED
        return self._behave(found) if found.phase == "READY" else NOTHING_HERE

    def _behave(self, one: Deployed) -> Reply:
        known = [self.behaviours[value] for value in one.meta.values() if value in self.behaviours]
        how = known[0] if known else Behaviour()
        active = self.production.active
        if how.in_ramp_only and not (active and active.canary == one.id):
            how = Behaviour()
        return behave(self.label_of(one.meta) or one.id, how)

    def label_of(self, meta: dict[str, str]) -> str:
        return next((value for name, value in sorted(meta.items()) if name.endswith("Ref")), "")

    def shown(self, one: Deployed) -> dict[str, Any]:
        return shapes.deployment(one, self.project, self.team, self.production.plan)

    def team_shown(self) -> dict[str, Any]:
        return {
            "id": self.team,
            "slug": "team",
            "name": "Team",
            "creatorId": "user_1",
            "createdAt": "2026-01-01",
            "avatar": None,
        }

    def check_project(self, given: str) -> None:
        if given not in (self.project, self.name):
            raise VendorError(404, "not_found", "Project not found")

    def security(self) -> dict[str, Any]:
        """What is before the project, as it shows it."""
        return {"attackModeEnabled": self.attack_mode, "attackModeActiveUntil": self.attack_mode_until}
