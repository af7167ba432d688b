"""Previews at vendors: a Vercel deployment that finds a Supabase branch through variables of its git branch alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from infra.commands import Say
from infra.environment import Environment
from infra.errors import Rejected, Unknown
from infra.hosting import Source
from infra.hosting.vercel_branch_variables import VercelBranchVariables, check_apart
from infra.hosting.vercel_previews import VercelPreviews
from infra.hosting.vercel_project import META_REF, META_VERSION, VercelProject
from infra.hosting.vercel_records import Copy, Variable
from infra.previews import Preview, Wanted, check_number
from infra.previews.supabase_branches import SupabaseBranches


class VendorPreviews:
    """Those of the one app of a Vercel project. `plain` names variables that are no secret."""

    def __init__(
        self,
        environment: Environment,
        project: VercelProject,
        plain: Collection[str] = (),
        branches: SupabaseBranches | None = None,
    ) -> None:
        self._project = project
        self._deployments = VercelPreviews(project)
        self._variables = VercelBranchVariables(project, plain)
        self._branches = branches or SupabaseBranches(environment)
        self._production = environment.supabase.project if environment.supabase else ""

    def all(self) -> list[Preview]:
        """Read at both vendors."""
        copies, variables, branches = self._deployments.copies(), self._variables.ours(), self._branches.all()
        numbers = {*copies, *variables, *branches}
        found = [self._as_ours(one, copies.get(one, []), variables.get(one, []), branches.get(one)) for one in numbers]
        return sorted(found, key=lambda one: one.touched)

    def database(self, wanted: Wanted, say: Say, *, is_anew: bool = False) -> str:
        """A branch without data, at the state of production's schema or empty, as Supabase makes it."""
        if is_anew:
            self._branches.drop(wanted.pull_request)
            say(f"the branch of pull request {wanted.pull_request} is made anew")
        return self._branches.ensure(wanted, say)

    def show(self, source: Source, wanted: Wanted, variables: Mapping[str, str], say: Say) -> Preview:
        """Variables first, as a deployment keeps those it was made with; then the build; then older ones go.

        Raises Rejected before anything is written when previews would be given production's variables, and after the
        build when the deployment was not given its own.
        """
        check_apart(self._variables.read(), variables, self._production)
        self._variables.write(wanted.pull_request, wanted.branch, variables, say)
        mark = self._variables.fingerprint(variables)
        made = self._deployments.make(source, wanted.pull_request, say, wanted.branch, mark)
        lacking = sorted(set(variables) - set(made.env))
        if lacking:
            self._deployments.delete(made)
            raise Rejected(
                f"Vercel did not give deployment {made.id} its {', '.join(lacking)}; it was deleted",
                f"connect the project to its git repository at Vercel, so that it knows branch {wanted.branch!r}",
            )
        for copy in self._deployments.copies().get(wanted.pull_request, []):
            if copy.id != made.id:
                self._deployments.delete(copy)
                say(f"deployment {copy.id} is gone")
        return self._as_ours(wanted.pull_request, [made], self._variables.ours().get(wanted.pull_request, []), None)

    def close(self, pull_request: int, say: Say) -> tuple[str, ...]:
        """Deployments, then the variables that lead to the branch, then the branch; read back at the end."""
        check_number(pull_request)
        copies, unseen = self._deployments.delete_all(pull_request)
        ended = [f"deployment {copy.id}" for copy in copies]
        ended += [f"variable {name}" for name in self._variables.remove(pull_request)]
        if self._branches.drop(pull_request):
            ended.append("its database branch")
        for one in ended:
            say(f"ended: {one}")
        if unseen and not ended:
            raise unseen  # nobody knows that nothing was there
        left = next((one.parts for one in self.all() if one.pull_request == pull_request), ()) if ended else ()
        if left:
            raise Unknown(f"of preview {pull_request} there is still {', '.join(left)}", "close it again")
        return tuple(ended)

    def _as_ours(
        self, pull_request: int, copies: list[Copy], variables: list[Variable], branch: float | None
    ) -> Preview:
        ready = next((copy for copy in copies if copy.is_ready), None)
        touched = [copy.created / 1000 for copy in copies] + [one.updated / 1000 for one in variables]
        parts = [f"deployment {copy.id}" for copy in copies] + [f"variable {one.key}" for one in variables]
        return Preview(
            pull_request,
            ready.meta.get(META_VERSION, "") if ready else "",
            ready.meta.get(META_REF, "") if ready else "",
            self._project.address(ready) if ready else "",
            is_running=ready is not None,
            touched=max([*touched, branch or 0.0]),
            parts=tuple(parts if branch is None else [*parts, "database branch"]),
        )
