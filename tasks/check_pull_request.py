"""Refuses a pull request whose code nobody here has let in, before any of it is fetched."""

from __future__ import annotations

from infra.code_review import PullRequest
from infra.environment import load_environment
from infra.errors import BadInput
from infra.platform import pull_requests_of
from infra.previews import Wanted
from tasks.code_review.access import token_of
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
    if not is_of(repository, settings.github.repository):
        problem = f"is not {settings.github.repository}, whose pull requests {environment} previews"
        raise BadInput("repository", problem, "give that one; a fork's own repository is not previewed")
    pulls = pull_requests_of(settings, token_of(settings))
    found = pulls.pull_request(pull_request) if pulls else None
    _check(found, settings.github.repository, pull_request)
    assert found is not None
    speaker()(f"pull request {pull_request} wants to merge {found.branch} at {found.version[:12]}")
    return Wanted(pull_request, found.branch)


@stage("look whether it is still open", tries=3)
def is_still_open(environment: str, pull_request: int) -> bool:
    """Asked once a preview is up: who closed it meanwhile found nothing to end. True where nobody can be asked."""
    settings = load_environment(environment)
    pulls = pull_requests_of(settings, token_of(settings)) if settings.github else None
    found = pulls.pull_request(pull_request) if pulls else None
    return pulls is None or (found is not None and found.is_open)


def _check(found: PullRequest | None, repository: str, number: int) -> None:
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
