"""Refuses a pull request whose code nobody here has let in, before any of it is fetched."""

from __future__ import annotations

from infra.code_review import PullRequest
from infra.environment import Environment, load_environment
from infra.errors import BadInput, PipelineError
from infra.platform import pull_requests_of
from infra.previews import Wanted
from tasks.code_review.access import opener_of
from tasks.previews import is_of
from tasks.release import speaker
from tasks.stage import stage


@stage("look at the pull request", tries=3)
def check_pull_request(environment: str, repository: str, ref: str, pull_request: int) -> Wanted:
    """Which preview it is, with its branch.

    A pull request of a fork is refused: its author may write to no branch here, and a preview runs what they wrote
    (build, tests, migrations) on our machines with a database. Without `[github]` nobody can be asked whose it is:
    then `ref` has to be a branch or a tag of the repository itself, to which only its own people push.
    Raises BadInput.
    """
    wanted = Wanted(pull_request, ref)
    settings = load_environment(environment)
    if settings.github is None:
        return wanted
    if not is_of(repository, settings.github.host, settings.github.repository):
        whose = f"{settings.github.repository} at {settings.github.host}"
        problem = f"is not {whose}, whose pull requests {environment} previews"
        raise BadInput("repository", problem, "give that one; a fork's own repository is not previewed")
    found = _checked(_found(settings, pull_request), settings.github.repository, pull_request)
    speaker()(f"pull request {pull_request} wants to merge {found.branch} at {found.version[:12]}")
    return Wanted(pull_request, found.branch)


@stage("look whether it is the newest", tries=3)
def check_is_newest(environment: str, pull_request: int, version: str) -> None:
    """Asked when it is this run's turn. Raises BadInput for what is not, or no longer, what wants to be merged: a run
    that waited must not put an old commit in the place of a newer one."""
    found = _found(load_environment(environment), pull_request)
    if found is not None and found.version != version:
        problem = f"is commit {version[:12]}, and pull request {pull_request} is at {found.version[:12]}"
        raise BadInput("ref", problem, "preview that one")


@stage("look whether it is still open")
def is_still_open(environment: str, pull_request: int) -> bool:
    """Asked once a preview is up: who closed it meanwhile found nothing to end. True where nobody can be asked."""
    settings = load_environment(environment)
    try:
        found = _found(settings, pull_request)
    except PipelineError as error:
        speaker()(f"taken to be open still: {error.message}")
        return True
    return settings.github is None or (found is not None and found.is_open)


def _found(settings: Environment, number: int) -> PullRequest | None:
    if settings.github is None:
        return None
    pulls = pull_requests_of(settings, opener_of(settings))
    return pulls.pull_request(number) if pulls else None


def _checked(found: PullRequest | None, repository: str, number: int) -> PullRequest:
    if found is None:
        raise BadInput("pull_request", f"{number} is not in {repository}", "give the number of an open one")
    if not found.is_open:
        raise BadInput("pull_request", f"{number} is closed", f"end its preview: --pull-request {number} --close")
    if found.repository.lower() != repository.lower():
        whose = found.repository or "a fork that is gone"
        raise BadInput(
            "pull_request",
            f"{number} is from {whose}: a preview would run code here that nobody of {repository} has let in",
            "read it, push it to a branch here, and open a pull request of that one",
        )
    return found
