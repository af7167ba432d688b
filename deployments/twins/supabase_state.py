"""What a Supabase project is to its twin: how it stands, what it backs up, who may connect, its branches."""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REF = "abcdefghijklmnopqrst"
HEALTHY = "ACTIVE_HEALTHY"
MADE = "2026-01-02T03:04:05Z"
SERVICES = ("auth", "db", "pooler", "realtime", "rest", "storage")


@dataclass
class Restoring:
    """A restore under way: so many looks at the project until it is over."""

    second: int
    looks: int


@dataclass
class SupabaseState:
    """A branch is seen coming up `branch_looks` times; `branch_at` is where the databases of all branches really are
    (`db_host`, `db_port`, `db_user`, `db_pass`), and `on_drop` what happens there when one goes.

    `on_restore` brings the real database behind the twin back, when there is one; `restore_looks` is how often a
    restore is seen under way. `sick` are services that are not well."""

    ref: str = REF
    status: str = HEALTHY
    has_pitr: bool = True
    window_seconds: int = 7 * 86_400
    lag_seconds: int = 100
    is_read_only: bool = False
    has_restrictions: bool = True
    has_branching: bool = True
    allowed: list[str] = field(default_factory=lambda: ["0.0.0.0/0"])
    sick: set[str] = field(default_factory=set)
    branches: list[dict[str, Any]] = field(default_factory=list)
    branch_looks: int = 1
    branch_at: dict[str, Any] = field(default_factory=dict)
    on_drop: Callable[[dict[str, Any]], None] | None = None
    made_branches: int = 0
    looks: dict[str, int] = field(default_factory=dict)
    restores: list[int] = field(default_factory=list)
    restore_looks: int = 2
    restore_fails: bool = False
    on_restore: Callable[[int], None] | None = None
    restoring: Restoring | None = None
    writes_allowed_until: float = 0.0

    def look(self) -> str:
        """The project's status now; each look brings a restore closer to its end."""
        if self.restoring:
            self.restoring.looks -= 1
            if self.restoring.looks < 0:
                self.status = "RESTORE_FAILED" if self.restore_fails else HEALTHY
                self.restoring = None
        return self.status

    def restore(self, second: int) -> None:
        """Begin; the data is back at once, the status takes its time."""
        self.restores.append(second)
        self.status = "RESTORING"
        self.restoring = Restoring(second, self.restore_looks)
        if self.on_restore and not self.restore_fails:
            self.on_restore(second)

    def reach(self) -> tuple[int, int]:
        """From and to which second it can be returned to."""
        now = int(time.time())
        return now - self.window_seconds, now - self.lag_seconds

    def add_branch(self, name: str, git_branch: str, *, is_default: bool = False) -> dict[str, Any]:
        """A branch with a project of its own."""
        id = str(uuid.uuid4())
        branch = {
            "id": id,
            "name": name,
            "project_ref": self.ref if is_default else _ref_of(self.made_branches),
            "parent_project_ref": self.ref,
            "is_default": is_default,
            "git_branch": git_branch,
            "persistent": False,
            "status": "FUNCTIONS_DEPLOYED" if is_default else "CREATING_PROJECT",
            "created_at": now(),
            "updated_at": now(),
            "with_data": False,
        }
        self.made_branches += 1
        self.looks[id] = self.branch_looks
        self.branches.append(branch)
        return branch

    def look_at_branch(self, branch: dict[str, Any]) -> str:
        """Its project's status now; each look brings it closer to being up."""
        self.looks[branch["id"]] -= 1
        return "COMING_UP" if self.looks[branch["id"]] >= 0 else HEALTHY

    def find_branch(self, key: str) -> dict[str, Any] | None:
        """By id or by the ref of its project."""
        return next((one for one in self.branches if key in (one["id"], one["project_ref"])), None)


def now() -> str:
    """As Supabase writes a moment."""
    return datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")


def _ref_of(number: int) -> str:
    """Twenty letters, as every project's ref is."""
    return "branch" + f"{number:014d}".translate(str.maketrans("0123456789", "abcdefghij"))
